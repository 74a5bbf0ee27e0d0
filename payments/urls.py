"""The pages of money, and the doors at which Stripe knocks."""

from __future__ import annotations

from django.urls import path

from payments import webhooks
from payments.views import agency, bank, books, client, figures, identity, ops, rates, worker

app_name = "payments"

urlpatterns = [
    path("work/earnings/", worker.earnings, name="earnings"),
    path("work/earnings/statement/", worker.statement, name="statement"),
    path("work/earnings/statement.csv", worker.statement_csv, name="statement_csv"),
    path("work/earnings/statement.pdf", worker.statement_pdf, name="statement_pdf"),
    path("work/earnings/payouts/<uuid:payout_id>/", worker.payout, name="payout"),
    path("work/earnings/now/", worker.payout_now, name="payout_now"),
    path("work/earnings/rhythm/", worker.payout_rhythm, name="payout_rhythm"),
    path("work/earnings/account/", worker.payout_account, name="payout_account"),
    path("work/earnings/account/link/", worker.payout_link, name="payout_link"),
    path("work/earnings/account/bank/", bank.details, name="bank_details"),
    path("work/onboarding/identity/", identity.page, name="identity"),
    path("client/<slug:org>/billing/", client.billing, name="billing"),
    path("client/<slug:org>/billing/refund/", client.refund, name="refund"),
    path("client/<slug:org>/billing/account.csv", client.account_csv, name="account_csv"),
    path("client/<slug:org>/billing/owed/", client.owing, name="owed"),
    path("client/<slug:org>/billing/owed/<slug:number>.pdf", client.invoice, name="invoice"),
    path("client/<slug:org>/billing/<uuid:funding_id>/", client.payment, name="funding"),
    path("client/<slug:org>/billing/<uuid:funding_id>/withdraw/", client.withdraw, name="withdraw_invoice"),
    path("client/<slug:org>/billing/<uuid:funding_id>/receipt.pdf", client.receipt, name="receipt"),
    path("client/<slug:org>/billing/month/", client.month, name="client_month"),
    path("client/<slug:org>/billing/month.csv", client.month_csv, name="client_month_csv"),
    path("client/<slug:org>/billing/month.pdf", client.month_pdf, name="client_month_pdf"),
    path("agency/<slug:org>/fees/", agency.fees, name="agency_fees"),
    path("agency/<slug:org>/fees.csv", agency.fees_csv, name="agency_fees_csv"),
    path("agency/<slug:org>/fees/payee/", agency.payee, name="agency_payee"),
    path("ops/payouts/", ops.runs, name="payout_runs"),
    path("ops/payouts/plan/", ops.plan, name="plan_payouts"),
    path("ops/payouts/bank-files/", bank.files, name="bank_files"),
    path("ops/payouts/bank-files/reports/", bank.report, name="bank_report"),
    path("ops/payouts/bank-files/<uuid:file_id>/", bank.download, name="download_bank_file"),
    path("ops/payouts/<uuid:run_id>/bank-file/", bank.write, name="write_bank_file"),
    path("ops/payouts/<uuid:run_id>/", ops.run, name="payout_run"),
    path("ops/payouts/<uuid:run_id>/progress/", ops.run_progress, name="payout_progress"),
    path("ops/payouts/<uuid:run_id>/approve/", ops.approve, name="approve_payouts"),
    path("ops/payouts/<uuid:run_id>/cancel/", ops.cancel, name="cancel_payouts"),
    path("ops/payouts/<uuid:run_id>/resume/", ops.resume, name="resume_payouts"),
    path("ops/payouts/attempts/<uuid:attempt_id>/never-made/", ops.decide_absent, name="decide_absent"),
    path("ops/payouts/exchanges/", books.own_exchanges, name="own_exchanges"),
    path("ops/payouts/rates/", rates.page, name="exchange_rates"),
    path("ops/payouts/tax/", figures.tax_year, name="tax_year"),
    path("ops/payouts/tax.csv", figures.tax_csv, name="tax_csv"),
    path("ops/payouts/tax/<uuid:worker_id>/form/", figures.tax_form, name="tax_form"),
    path("ops/payouts/margin/", figures.margins, name="margins"),
    path("ops/payouts/margin.csv", figures.margins_csv, name="margins_csv"),
    path("ops/ledger/", ops.ledger_health, name="ledger_health"),
    path("ops/ledger/corrections/", books.correction_list, name="corrections"),
    path("ops/ledger/corrections/<uuid:correction_id>/", books.correction, name="correction"),
    path("ops/ledger/corrections/<uuid:correction_id>/post/", books.post_correction, name="post_correction"),
    path("ops/ledger/corrections/<uuid:correction_id>/drop/", books.drop_correction, name="drop_correction"),
    path("ops/ledger/check/", ops.check_now, name="check_ledger"),
    path("ops/ledger/mismatches/<uuid:mismatch_id>/close/", ops.close_mismatch, name="close_mismatch"),
    path("webhooks/stripe/platform/", webhooks.platform, name="stripe_platform"),
    path("webhooks/stripe/connect/", webhooks.connect, name="stripe_connect"),
    path("webhooks/stripe/thin/", webhooks.thin, name="stripe_thin"),
]
