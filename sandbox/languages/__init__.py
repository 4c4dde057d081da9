"""Fake language hosts for Pulumi, for machines that can't have the official ones.

They start programs, components and policy packs the way the official hosts do, in this project's own environment. They
are test equipment: nothing outside the sandbox starts them.
"""
