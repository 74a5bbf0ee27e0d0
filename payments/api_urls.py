"""The API of money."""

from __future__ import annotations

from django.urls import path

from payments.api import bank, books, client, finance, identity, rates, worker

urlpatterns = [
    path("me/money/", worker.MyMoney.as_view(), name="api_my_money"),
    path("me/earnings/", worker.MyEarnings.as_view(), name="api_my_earnings"),
    path("me/payouts/", worker.MyPayouts.as_view(), name="api_my_payouts"),
    path("me/payout-quotes/", worker.MyPayoutQuote.as_view(), name="api_my_payout_quotes"),
    path("me/payout-account/rhythm/", worker.MyPayoutRhythm.as_view(), name="api_my_payout_rhythm"),
    path("me/payout-account/", worker.MyPayoutAccount.as_view(), name="api_my_payout_account"),
    path("me/payout-account/link/", worker.MyPayoutLink.as_view(), name="api_my_payout_link"),
    path("me/identity/", identity.MyIdentity.as_view(), name="api_my_identity"),
    path("me/payout-rails/", bank.MyPayoutRails.as_view(), name="api_my_payout_rails"),
    path("billing/", client.Billing.as_view(), name="api_billing"),
    path("billing/owed/", client.Owed.as_view(), name="api_owed"),
    path("billing/fundings/", client.Fundings.as_view(), name="api_fundings"),
    path("billing/fundings/<uuid:funding_id>/", client.FundingDetail.as_view(), name="api_funding"),
    path("billing/refunds/", client.Refunds.as_view(), name="api_refunds"),
    path("ops/payout-runs/", finance.Runs.as_view(), name="api_payout_runs"),
    path("ops/payout-runs/<uuid:run_id>/", finance.RunDetail.as_view(), name="api_payout_run"),
    path("ops/payout-runs/<uuid:run_id>/approve/", finance.ApproveRun.as_view(), name="api_approve_payout_run"),
    path("ops/payout-runs/<uuid:run_id>/cancel/", finance.CancelRun.as_view(), name="api_cancel_payout_run"),
    path("ops/payout-runs/<uuid:run_id>/resume/", finance.ResumeRun.as_view(), name="api_resume_payout_run"),
    path("ops/payout-runs/<uuid:run_id>/payouts/", finance.RunPayouts.as_view(), name="api_payouts_of_run"),
    path("ops/bank-files/", bank.BankFiles.as_view(), name="api_bank_files"),
    path("ops/bank-files/<uuid:file_id>/download/", bank.BankFileDownload.as_view(), name="api_download_bank_file"),
    path("ops/bank-reports/", bank.BankReports.as_view(), name="api_bank_reports"),
    path("ops/exchange-rates/", rates.ExchangeRates.as_view(), name="api_exchange_rates"),
    path("ops/own-exchanges/", books.OwnExchanges.as_view(), name="api_own_exchanges"),
    path("ops/corrections/", books.Corrections.as_view(), name="api_corrections"),
    path("ops/corrections/<uuid:correction_id>/", books.CorrectionDetail.as_view(), name="api_correction"),
    path("ops/corrections/<uuid:correction_id>/post/", books.PostCorrection.as_view(), name="api_post_correction"),
    path("ops/corrections/<uuid:correction_id>/drop/", books.DropCorrection.as_view(), name="api_drop_correction"),
    path("ops/ledger/", finance.Health.as_view(), name="api_ledger"),
    path("ops/mismatches/", finance.Mismatches.as_view(), name="api_mismatches"),
    path("ops/mismatches/<uuid:mismatch_id>/close/", finance.CloseMismatch.as_view(), name="api_close_mismatch"),
]
