"""The roof: settings, addresses, the reactions table, and the programs that start everything."""
