"""Tenants and their brands. A workspace is real or sandbox for life; everything a marketer makes belongs to one."""
