"""`fsdialer lab`: the whole dialer on one machine, with nothing to install and nobody to call.

It starts what a call centre would run (dialer, RQ worker, web page) against an embedded Redis and the simulated
FreeSWITCH of `fsdialer.lab`, sets up a company by the same commands an administrator uses, and seats robots.
"""
