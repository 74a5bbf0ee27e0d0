"""What ops' pages ask of the market: small frozen values, a bounded number of statements each, nothing that scans."""
