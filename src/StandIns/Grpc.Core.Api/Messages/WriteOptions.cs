namespace Grpc.Core;

/// <summary>How a message is written.</summary>
[Flags]
public enum WriteFlags
{
    /// <summary>More follows: the message may wait for it.</summary>
    BufferHint = 1,

    NoCompress = 2,
}

/// <summary>How the messages of a stream or call are written.</summary>
public class WriteOptions(WriteFlags flags = default)
{
    public WriteFlags Flags { get; } = flags;
}
