"""What AWS answers when it does not do it, as sentences that a person can act on. Never quotes a request or a key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from boto3.exceptions import Boto3Error
from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

from ..protocols import StoreError

THROTTLED = {
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "Throttling",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "SlowDown",
    "RequestThrottled",
    "TransactionInProgressException",
}
ABSENT = {"ResourceNotFoundException", "NoSuchBucket"}
REFUSED = {"AccessDenied", "AccessDeniedException", "403", "AllAccessDisabled"}
STALE = {
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "InvalidAccessKeyId",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "TokenRefreshRequired",
    "RequestTimeTooSkewed",
}
MISSING = {"NoSuchKey", "404", "NotFound"}
WITHOUT_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.TokenRetrievalError,
)


@contextmanager
def sentences(what: str) -> Iterator[None]:
    """`what`: the thing that is asked, as in "The table v3-experiments in eu-west-1". Raises StoreError."""
    try:
        yield
    except (BotoCoreError, Boto3Error, ClientError) as e:
        raise StoreError(sentence(what, e)) from e


def code_of(error: BaseException) -> str:
    """AWS's name of the error, also where boto3's transfers wrapped it; empty where there was no answer."""
    while error is not None:
        if isinstance(error, ClientError):
            return str(error.response.get("Error", {}).get("Code", ""))
        error = error.__cause__ or error.__context__
    return ""


def sentence(what: str, error: Exception) -> str:
    code = code_of(error)
    if code in ABSENT:
        return f"{what} is not there. Deploy the infrastructure, or correct the name or the region in the settings."
    if code in REFUSED:
        return f"{what} refuses this role or key. Give it the rights that the templates in infra/ list."
    if code in STALE or isinstance(error, WITHOUT_CREDENTIALS):
        return f"{what} cannot be asked: the AWS credentials are missing, wrong or expired. Renew them, or use a role."
    if code in THROTTLED:
        return f"{what} is asked for too much at once. Nothing was changed; try again in a moment."
    if code == "ValidationException" and "size" in str(error).lower():
        return f"{what} takes no item above 400 KB. Shorten the title or the notes."
    if code:
        return f"{what} answered with an error ({code}). Try again; if it stays, look at the service's health."
    if isinstance(
        error, boto.HTTPClientError | boto.ConnectionError | boto.IncompleteReadError | boto.ResponseStreamingError
    ):
        return f"{what} does not answer ({type(error).__name__}). Check the network and its endpoints, then try again."
    return f"{what} cannot be used ({type(error).__name__}). Check the AWS settings."
