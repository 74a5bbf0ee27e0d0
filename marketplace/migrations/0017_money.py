
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('marketplace', '0016_leaving'),
        ('workers', '0004_money'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='dispute',
            name='dispute_outcome_when_closed',
        ),
        migrations.AddConstraint(
            model_name='dispute',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('outcome', '')), models.Q(('closed_at__isnull', False), ('outcome__in', ['upheld', 'overturned', 'by_silence', 'conceded'])), _connector='OR'), name='dispute_outcome_when_closed'),
        ),
    ]
