import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("datasets", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="dataset",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="ingest",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="revision",
            name="dataset",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="revisions",
                to="datasets.dataset",
            ),
        ),
        migrations.AddField(
            model_name="revision",
            name="made_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="made",
                to="datasets.ingest",
            ),
        ),
        migrations.AddField(
            model_name="ingest",
            name="revisions",
            field=models.ManyToManyField(related_name="ingests", to="datasets.revision"),
        ),
        migrations.AddConstraint(
            model_name="dataset",
            constraint=models.UniqueConstraint(
                fields=(
                    "owner",
                    "provider",
                    "venue_code",
                    "symbol",
                    "interval",
                    "from_date",
                    "to_date",
                    "products",
                    "adjustment",
                ),
                name="datasets_dataset_identity",
            ),
        ),
        migrations.AddConstraint(
            model_name="dataset",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["BUILDING", "READY", "ERROR"])),
                name="datasets_dataset_status",
            ),
        ),
        migrations.AddConstraint(
            model_name="dataset",
            constraint=models.CheckConstraint(
                condition=models.Q(("from_date__lte", models.F("to_date"))),
                name="datasets_dataset_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="revision",
            constraint=models.UniqueConstraint(
                fields=("dataset", "number"), name="datasets_revision_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="revision",
            constraint=models.UniqueConstraint(
                fields=("dataset", "bars_sha256"), name="datasets_revision_bytes"
            ),
        ),
        migrations.AddConstraint(
            model_name="ingest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["QUEUED", "RUNNING", "DONE", "ERROR", "CANCELLED"])
                ),
                name="datasets_ingest_status",
            ),
        ),
    ]
