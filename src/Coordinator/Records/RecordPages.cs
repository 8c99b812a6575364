using Coordinator.Leases;
using System.Globalization;

namespace Coordinator.Records;

/// <summary>Lists records of one kind over all partitions, or one of them.</summary>
internal sealed class RecordPages(IRecordStore store)
{
    // Partitions that are asked at once: most of them hold little.
    private const int AtOnce = 32;

    /// <summary>At most <paramref name="count"/> records that are wanted, by partition and in the order in which they were made.</summary>
    /// <param name="cursor">The one that came with the page before; empty for the first.</param>
    /// <param name="partition">The only one; null for all.</param>
    public async ValueTask<Outcome<(IReadOnlyList<Record> Records, string? Next)>> ListAsync(
        string tenant, string kind, string cursor, int count, int? partition, Func<Record, bool> wanted, CancellationToken cancellation)
    {
        if (Read(cursor) is not { } from || (partition is { } only && cursor.Length > 0 && from.Partition != only))
        {
            return Refusal.Invalid("cursor", "must be the next_cursor of a page of this list");
        }

        var (at, after, found) = (cursor.Length == 0 ? partition ?? 0 : from.Partition, from.After, new List<Record>());
        var end = partition is null ? ResourceKey.Partitions : at + 1;
        while (at < end)
        {
            var first = at;
            var pages = await Task.WhenAll(Enumerable.Range(at, Math.Min(partition is null ? AtOnce : 1, end - at)).Select(
                p => store.ListAsync(p, tenant, kind, p == first ? after : 0, count, cancellation).AsTask())).ConfigureAwait(false);
            foreach (var page in pages)
            {
                foreach (var record in page.Records.Where(wanted))
                {
                    found.Add(record);
                    if (found.Count == count)
                    {
                        return (found, Write(at, record.Number(RecordFields.Created)!.Value));
                    }
                }

                if (page.Next is { } more)
                {
                    // The rest of this partition, before the ones behind it.
                    after = more;
                    break;
                }

                (at, after) = (at + 1, 0);
            }
        }

        return (found, null);
    }

    private static string Write(int partition, long after) => string.Create(CultureInfo.InvariantCulture, $"{partition}-{after}");

    private static (int Partition, long After)? Read(string cursor)
    {
        if (cursor.Length == 0)
        {
            return (0, 0);
        }

        return cursor.Split('-') is [var partition, var after]
            && int.TryParse(partition, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at < ResourceKey.Partitions
            && long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out var created)
            ? (at, created)
            : null;
    }
}
