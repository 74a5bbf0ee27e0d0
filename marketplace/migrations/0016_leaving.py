"""What may be done to many at once."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('marketplace', '0015_learning'),
    ]

    operations = [
        migrations.AlterField(
            model_name='bulkaction',
            name='kind',
            field=models.CharField(choices=[('add', 'Added to a pool'), ('remove', 'Taken out of a pool'), ('pause', 'Paused'), ('grant', 'Given a skill')], max_length=10),
        ),
    ]
