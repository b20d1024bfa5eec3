#!/bin/sh
# Called by MixMonitor when a conversation ends: the raw stereo audio becomes a WAV file beside it.
#
#   finish_recording.sh PATH    without ending; PATH.raw is removed only when PATH.wav is whole
set -eu
sox -t raw -r 8000 -e signed -b 16 -c 2 "$1.raw" -t wav "$1.wav.part"
mv "$1.wav.part" "$1.wav"
rm "$1.raw"
