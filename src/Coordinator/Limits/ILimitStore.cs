using Coordinator.Leases;

namespace Coordinator.Limits;

/// <summary>
/// Where calls are counted, for all coordinators of a store together. Windows are fixed: they begin and end at whole multiples of their
/// length on the store's clock.
/// </summary>
/// <remarks>
/// What is kept is bounded, whatever callers think of. In each partition of subjects so many have a place of their own in a window;
/// those that come later share places, so that their counts can only be too high. All of it is gone soon after its window.
/// </remarks>
internal interface ILimitStore
{
    /// <summary>How many subjects of a partition have a place of their own in a window.</summary>
    const int OwnPlaces = 2_048;

    /// <summary>By how many characters of it a later subject finds the place that it shares: 256 in a partition.</summary>
    const int SharedPlaceCharacters = 2;

    /// <summary>Counts one call in the present window, unless all that the limit allows were counted before. One atomic step.</summary>
    /// <param name="subject">64 lower-case hex characters that spread evenly, such as a SHA-256. The first byte is its partition.</param>
    /// <param name="limit">How many are allowed in a window, 1 or more.</param>
    /// <exception cref="StoreException">The store is away, or the outcome is unknown.</exception>
    ValueTask<WindowCount> CountAsync(string subject, int limit, TimeSpan window, CancellationToken cancellation);
}

/// <summary>A call as it was counted.</summary>
/// <param name="Count">How many there are with this one; one more than the limit where this one was beyond it.</param>
/// <param name="EndsIn">Until the window ends: more than zero, and at most its length.</param>
internal readonly record struct WindowCount(int Count, TimeSpan EndsIn);
