from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("parity", "0002_bridge_artifacts"),
    ]

    operations = [
        migrations.AddField(
            model_name="board",
            name="date_order",
            field=models.CharField(blank=True, default="", max_length=3),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="bridgeartifact",
            name="date_order",
            field=models.CharField(blank=True, default="", max_length=3),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="bridgedraft",
            name="date_order",
            field=models.CharField(blank=True, default="", max_length=3),
            preserve_default=False,
        ),
        migrations.RemoveConstraint(
            model_name="bridgeartifact",
            name="parity_bridgeartifact_content",
        ),
        migrations.AddConstraint(
            model_name="bridgeartifact",
            constraint=models.UniqueConstraint(
                fields=("owner", "upload_sha256", "zone", "date_order", "name", "symbol"),
                name="parity_bridgeartifact_content",
            ),
        ),
    ]
