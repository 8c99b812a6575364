using System.IO.Pipelines;

namespace Pipelines.Sockets.Unofficial;

/// <summary>A stream as pipes.</summary>
public static class StreamConnection
{
    public static IDuplexPipe GetDuplex(
        Stream stream, PipeOptions? sendPipeOptions = null, PipeOptions? receivePipeOptions = null, string? name = null) =>
        new Duplex(stream, sendPipeOptions, receivePipeOptions);

    public static PipeReader GetReader(Stream stream, PipeOptions? pipeOptions = null, string? name = null) => PipeReader.Create(stream);

    private sealed class Duplex : IMeasuredDuplexPipe, IDisposable
    {
        private readonly Stream _stream;
        private readonly Pump _pump;

        public Duplex(Stream stream, PipeOptions? sendOptions, PipeOptions? receiveOptions)
        {
            _stream = stream;
            _pump = new Pump(new StreamChannel(stream), sendOptions, receiveOptions);
            _pump.Start();
        }

        public PipeReader Input => _pump.Input;

        public PipeWriter Output => _pump.Output;

        public long TotalBytesSent => _pump.Sent;

        public long TotalBytesReceived => _pump.Received;

        public void Dispose() => _stream.Dispose();
    }
}
