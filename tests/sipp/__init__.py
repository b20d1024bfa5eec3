"""Callers made of SIPp: another implementation of SIP than ours, dialling in bulk.

SIPp presses digits over raw sockets, so it needs CAP_NET_RAW: root, or `setcap cap_net_raw+ep $(command -v sipp)`.
"""
