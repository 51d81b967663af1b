"""Figures that the registry gained; null for runs of before."""

from django.db import migrations, models

NUMBERS = (
    "max_drawdown_money",
    "max_drawdown_days",
    "longest_drawdown_days",
    "time_under_water",
    "ulcer_index",
    "recovery_factor",
    "omega",
    "kurtosis",
    "best_day",
    "worst_day",
    "winning_days",
    "avg_trade_return",
    "sqn",
)
COUNTS = ("winning_trades", "losing_trades")


class Migration(migrations.Migration):
    dependencies = [("runs", "0005_evidence")]

    operations = [
        migrations.AddField("runmetrics", name, kind(db_index=True, null=True))
        for names, kind in ((NUMBERS, models.FloatField), (COUNTS, models.IntegerField))
        for name in names
    ]
