namespace Pipelines.Sockets.Unofficial;

/// <summary>The socket under a connection failed.</summary>
public class ConnectionResetException(string message, Exception inner) : IOException(message, inner);
