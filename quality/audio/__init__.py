"""What can be measured in the recording of a call: evidence with its times, never a verdict. Pure but for `read`.

read.Recording    a file, in blocks, at 8 kHz, whatever its rate, length and coding
frames.Lane       one channel by frames of 10 ms: level, clipping, offset, how tonal it is
detectors         who tells speech from everything else
speech            where a lane's speech begins and ends
measures          what both lanes together come to
"""
