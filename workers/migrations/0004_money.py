
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('workers', '0003_leaving'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='appeal',
            name='appeal_outcome_with_decision',
        ),
        migrations.RemoveConstraint(
            model_name='appeal',
            name='appeal_decided_by_a_person',
        ),
        migrations.RemoveConstraint(
            model_name='appeal',
            name='appeal_decided_by_a_second_person',
        ),
        migrations.AlterField(
            model_name='appeal',
            name='outcome',
            field=models.CharField(blank=True, choices=[('upheld', 'Upheld'), ('overturned', 'Overturned'), ('by_silence', 'Overturned: nobody answered in time'), ('conceded', 'Overturned: the other side agrees')], db_default='', default='', max_length=12),
        ),
        migrations.AddConstraint(
            model_name='appeal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', False), ('outcome__in', ['upheld', 'overturned', 'by_silence', 'conceded']), ('state', 'decided')), models.Q(('decided_at__isnull', True), ('outcome', ''), ('state__in', ['open', 'answered'])), _connector='OR'), name='appeal_outcome_with_decision'),
        ),
        migrations.AddConstraint(
            model_name='appeal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_by__isnull', True), ('outcome__in', ['', 'by_silence'])), models.Q(('decided_by__isnull', False), ('outcome__in', ['upheld', 'overturned', 'conceded'])), _connector='OR'), name='appeal_decided_by_a_person'),
        ),
        migrations.AddConstraint(
            model_name='appeal',
            constraint=models.CheckConstraint(condition=models.Q(('decided_by__isnull', True), models.Q(models.Q(('decided_by', models.F('person')), _negated=True), ('against__isnull', True)), models.Q(models.Q(('decided_by', models.F('person')), _negated=True), ('outcome', 'conceded')), models.Q(models.Q(('decided_by', models.F('person')), _negated=True), models.Q(('decided_by', models.F('against')), _negated=True)), _connector='OR'), name='appeal_decided_by_a_second_person'),
        ),
    ]
