"""What the browser is given: templates, modules, words, the base map and vendored parts."""
