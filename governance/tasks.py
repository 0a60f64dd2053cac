"""What workers and beat do for the roof."""

from celery import shared_task

from governance.services import digests, recommendations


@shared_task
def evaluate_recommendations(at_once: bool = False) -> None:
    """Evaluate the rules. Rung by beat, and after imports and rescoring, which come thick and fast; `at_once`: after
    thresholds changed."""
    (recommendations.evaluate if at_once else recommendations.evaluate_unless_just_done)()


@shared_task
def send_digests() -> None:
    """Send the e-mail digests that are due. Rung by beat, and when one is to be tried again."""
    digests.deliver()
