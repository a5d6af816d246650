"""Finds what is held by its reason, whichever connection or rule it waits for."""


from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('connections', '0003_pauses_and_bulk_import'),
        ('deliveries', '0006_plans_that_hold'),
        ('meshes', '0002_default_organization'),
        ('rules', '0001_initial'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='delivery',
            name='delivery_held',
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('held_reason', ''), _negated=True), fields=['connection', 'held_reason', 'id'], name='delivery_held'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('held_reason', ''), _negated=True), fields=['rule', 'held_reason', 'id'], name='delivery_held_by_rule'),
        ),
    ]
