namespace Pipelines.Sockets.Unofficial;

/// <summary>What ended a connection. The client knows two of these by number: 100 and 400.</summary>
public enum PipeShutdownKind
{
    None = 0,
    PipeDisposed = 1,
    ReadEndOfStream = 100,
    ReadSocketError = 101,
    ReadException = 102,
    WriteSocketError = 201,
    WriteException = 202,
    ProtocolExitClient = 400,
}
