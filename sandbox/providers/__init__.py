"""Fake provider plugins, for machines that can't have the official ones.

They speak Pulumi's provider protocol against the same real servers, for the resources that Strongroom declares. They
are test equipment: nothing outside the sandbox starts them.
"""
