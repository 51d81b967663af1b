from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="manifest_sha256",
            field=models.CharField(blank=True, max_length=64),
        ),
    ]
