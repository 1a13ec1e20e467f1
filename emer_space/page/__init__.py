"""What stands between a browser and the tabs: which routes are served, who is before whom, what is kept how long."""
