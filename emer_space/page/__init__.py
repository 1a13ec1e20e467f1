"""The page: its tab, its templates and words; and what stands between a browser and the tabs of all packages: which
routes are served, who is before whom, what is kept how long."""
