using Coordinator.Credentials;
using Coordinator.Limits;
using System.Globalization;

namespace Coordinator.Services;

/// <summary>Counts calls of limited methods before anything else is asked of them, and says on every answer where the caller stands.</summary>
internal sealed class CallLimits(Limiter limiter, CallerAddress addresses)
{
    /// <summary>How many calls the window allows.</summary>
    public const string LimitHeader = "x-limit";

    /// <summary>How many of them are left.</summary>
    public const string RemainingHeader = "x-limit-remaining";

    /// <summary>Whole seconds until the next window.</summary>
    public const string ResetHeader = "x-limit-reset";

    /// <summary>Counts the call; throws RESOURCE_EXHAUSTED where it is one too many.</summary>
    /// <param name="token">The token that was presented, whoever's it is; null for none.</param>
    public async ValueTask CountAsync(HttpContext call, LimitKind kind, string? token)
    {
        if (!limiter.Counts(kind))
        {
            return;
        }

        var client = await addresses.OfAsync(call).ConfigureAwait(false);
        // What can be nobody's token is not told apart from none.
        var presented = token is { Length: <= Tokens.MaxLength } ? Tokens.Sha256(token) : null;
        if (await limiter.CountAsync(kind, client, presented, call.RequestAborted).ConfigureAwait(false) is not { } answer)
        {
            return;
        }

        // Before anything is sent, so that they go with every answer: the last step of a failure keeps what is here.
        var headers = call.Response.Headers;
        headers[LimitHeader] = Number(answer.Limit);
        headers[RemainingHeader] = Number(answer.Remaining);
        headers[ResetHeader] = Number(answer.ResetSeconds);
        if (answer.Exceeded)
        {
            Metrics.Limited.Add(1);
            throw StatusTable.Limited($"More than {answer.Limit} calls in a minute: the next is allowed in {answer.ResetSeconds} s.", answer.EndsIn);
        }
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
