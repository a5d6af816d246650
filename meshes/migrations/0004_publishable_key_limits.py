from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('meshes', '0003_role_grants'),
    ]

    operations = [
        migrations.AddField(
            model_name='historicalpublishablekey',
            name='allowed_events',
            field=models.TextField(blank=True, db_default='', default=''),
        ),
        migrations.AddField(
            model_name='historicalpublishablekey',
            name='allowed_origins',
            field=models.TextField(blank=True, db_default='', default=''),
        ),
        migrations.AddField(
            model_name='historicalpublishablekey',
            name='events_burst',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='historicalpublishablekey',
            name='events_per_second',
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='publishablekey',
            name='allowed_events',
            field=models.TextField(blank=True, db_default='', default=''),
        ),
        migrations.AddField(
            model_name='publishablekey',
            name='allowed_origins',
            field=models.TextField(blank=True, db_default='', default=''),
        ),
        migrations.AddField(
            model_name='publishablekey',
            name='events_burst',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='publishablekey',
            name='events_per_second',
            field=models.FloatField(blank=True, null=True),
        ),
    ]
