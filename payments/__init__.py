"""The room of money: ledger, funding, earnings, payouts and the one door to Stripe; it never hears of tasks."""
