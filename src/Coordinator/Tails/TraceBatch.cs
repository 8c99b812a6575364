using System.Text;

namespace Coordinator.Tails;

/// <summary>What one frame of a worker brought for the tails of its script: each event once, with the tails that it is for.</summary>
/// <param name="Tails">The names of the script's tails.</param>
/// <param name="Events">Each with the places of its tails in <paramref name="Tails"/>.</param>
internal sealed record TraceBatch(IReadOnlyList<string> Tails, IReadOnlyList<(IReadOnlyList<int> For, ReadOnlyMemory<byte> Event)> Events)
{
    private const byte Version = 2;

    /// <summary>What each tail gets, by its place, in the order of the events. Where all is for everybody, all share one list.</summary>
    public IReadOnlyList<IReadOnlyList<ReadOnlyMemory<byte>>> PerTail()
    {
        if (Events.All(e => e.For.Count == Tails.Count))
        {
            ReadOnlyMemory<byte>[] all = [.. Events.Select(e => e.Event)];
            return [.. Tails.Select(_ => all)];
        }

        var perTail = Tails.Select(_ => new List<ReadOnlyMemory<byte>>()).ToArray();
        foreach (var (places, content) in Events)
        {
            foreach (var place in places)
            {
                perTail[place].Add(content);
            }
        }

        return perTail;
    }

    public ReadOnlyMemory<byte> Write()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        writer.Write(Version);
        writer.Write7BitEncodedInt(Tails.Count);
        foreach (var tail in Tails)
        {
            writer.Write(tail);
        }

        writer.Write7BitEncodedInt(Events.Count);
        foreach (var (places, content) in Events)
        {
            // None is named of what is for everybody: no event is for nobody.
            var named = places.Count < Tails.Count ? places : [];
            writer.Write7BitEncodedInt(named.Count);
            foreach (var place in named)
            {
                writer.Write7BitEncodedInt(place);
            }

            writer.Write7BitEncodedInt(content.Length);
            writer.Write(content.Span);
        }

        writer.Flush();
        return bytes.ToArray();
    }

    /// <summary>Null for what another version wrote.</summary>
    public static TraceBatch? Read(ReadOnlyMemory<byte> batch)
    {
        using var reader = new BinaryReader(new MemoryStream(batch.ToArray()), Encoding.UTF8);
        if (batch.IsEmpty || reader.ReadByte() != Version)
        {
            return null;
        }

        var tails = Enumerable.Range(0, reader.Read7BitEncodedInt()).Select(_ => reader.ReadString()).ToArray();
        var everybody = Enumerable.Range(0, tails.Length).ToArray();
        var events = new (IReadOnlyList<int>, ReadOnlyMemory<byte>)[reader.Read7BitEncodedInt()];
        for (var i = 0; i < events.Length; i++)
        {
            var count = reader.Read7BitEncodedInt();
            var places = count > 0 ? Enumerable.Range(0, count).Select(_ => reader.Read7BitEncodedInt()).ToArray() : everybody;
            events[i] = (places, reader.ReadBytes(reader.Read7BitEncodedInt()));
        }

        return new(tails, events);
    }
}
