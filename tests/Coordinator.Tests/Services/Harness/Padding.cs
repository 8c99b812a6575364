using Google.Protobuf;

namespace Coordinator.Tests.Services.Harness;

/// <summary>Messages of any size: one unknown field of zeros, which every parser passes over.</summary>
internal static class Padding
{
    public static byte[] Whole(int size) => [.. Header(size), .. new byte[size - Header(size).Length]];

    /// <summary>What stands before the zeros: a tag and a length, which depends on how long the length itself is.</summary>
    public static byte[] Header(int size)
    {
        var tag = CodedOutputStream.ComputeTagSize(1_000);
        var length = size - tag - CodedOutputStream.ComputeLengthSize(size - tag - 1);
        var header = new byte[size - length];
        using var output = new CodedOutputStream(header);
        output.WriteTag(1_000, WireFormat.WireType.LengthDelimited);
        output.WriteLength(length);
        return header;
    }
}
