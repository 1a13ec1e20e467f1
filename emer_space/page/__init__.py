"""The page: its tab, templates and words; and what all packages' pages share: routes served, queues, deletion."""
