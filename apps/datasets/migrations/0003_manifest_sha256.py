from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("datasets", "0002_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="revision",
            name="manifest_sha256",
            field=models.CharField(blank=True, max_length=64),
        ),
    ]
