import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('meshes', '0005_sign_in'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('kind', models.CharField(choices=[('sign_in', 'Signed in'), ('sign_out', 'Signed out'), ('sign_in_failed', 'Failed to sign in'), ('sign_in_locked', 'Locked out'), ('session_ended', 'Sessions ended'), ('password', 'Password changed'), ('second_factor', 'Second factor'), ('added', 'Added'), ('changed', 'Changed'), ('deleted', 'Deleted'), ('pressed', 'Acted'), ('looked', 'Looked at a payload'), ('api', 'Asked through the API'), ('command', 'Ran a command')], max_length=20)),
                ('by', models.CharField(max_length=200)),
                ('by_id', models.BigIntegerField(default=0)),
                ('about', models.CharField(default='', max_length=100)),
                ('row_id', models.CharField(default='', max_length=64)),
                ('row', models.CharField(default='', max_length=200)),
                ('said', models.CharField(default='', max_length=300)),
                ('workspace', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='meshes.workspace')),
            ],
            options={
                'verbose_name': 'audit entry',
                'verbose_name_plural': 'audit entries',
                'default_permissions': ('view',),
                'indexes': [models.Index(fields=['workspace', 'id'], name='audit_by_workspace'), models.Index(fields=['kind', 'id'], name='audit_by_kind'), models.Index(fields=['by', 'id'], name='audit_by_person'), models.Index(fields=['row_id', 'id'], name='audit_by_row')],
            },
        ),
    ]
