using Coordinator.Gateway.Surfaces;
using Coordinator.Gateway.Transcoding.Calls;
using Coordinator.Gateway.Transcoding.Routes;
using Coordinator.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Coordinator.Gateway.Transcoding;

/// <summary>
/// Answers every request: finds its method, makes the message, calls a coordinator, and writes what came back. What is wrong with a
/// request is told only to who may know: the coordinator judges the credential first, unless the operation has it the other way.
/// </summary>
internal sealed class Transcoder(RouteTable routes, Coordinators coordinators, Caller caller, Filling filling, EventStream events, Drain drain, ILogger<Transcoder> log)
{
    private static readonly Method<IMessage, IMessage> Check = Marshalling.Method(Access.Descriptor.FindMethodByName("Check"));

    public async Task AnswerAsync(HttpContext http)
    {
        var target = RequestTarget.Of(http);
        var decoded = target.Decode();
        var envelope = routes.EnvelopeOf(decoded ?? target.Raw);
        if (decoded is null)
        {
            await Answers.WriteAsync(http, envelope, Failure.BadPath, null).ConfigureAwait(false);
            return;
        }

        var match = routes.Find(http.Request.Method, target, decoded);
        if (match.Bindings.Count == 0)
        {
            var failure = match.Allowed.Count > 0 ? Failure.WrongMethod(match.Allowed) : Failure.NoRoute with { Facts = new Dictionary<string, string> { [Facts.Path] = target.Path } };
            await Answers.WriteAsync(http, envelope, failure, null).ConfigureAwait(false);
            return;
        }

        await AnswerAsync(http, RouteTable.Choose(match, http.Request), match, target).ConfigureAwait(false);
    }

    private async Task AnswerAsync(HttpContext http, Binding binding, RouteMatch match, RequestTarget target)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, drain.Calls);
        try
        {
            var metadata = caller.MetadataOf(http, binding.Envelope);
            if (Caller.HasTwo(http))
            {
                await FailAsync(http, binding, Failure.TwoCredentials, await CountAsync(binding.Method, metadata, ends.Token).ConfigureAwait(false)).ConfigureAwait(false);
                return;
            }

            await CallAsync(http, binding, match, target, metadata, ends.Token).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // The server is told as well: it would look for the next request behind a body that has no end.
            throw;
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to be answered.
        }
        catch (RpcException fault) when (!http.Response.HasStarted)
        {
            await FailAsync(http, binding, fault).ConfigureAwait(false);
        }
        catch (Exception fault) when (!http.Response.HasStarted)
        {
            Log.RequestFailed(log, binding.Method.FullName, fault);
            await FailAsync(http, binding, Failure.Internal).ConfigureAwait(false);
        }
    }

    private async Task CallAsync(HttpContext http, Binding binding, RouteMatch match, RequestTarget target, Metadata metadata, CancellationToken ends)
    {
        IMessage request;
        try
        {
            request = await RequestReader.ReadAsync(http, binding, match, target).ConfigureAwait(false);
            filling.Fill(http, binding, request);
        }
        catch (InputException fault)
        {
            var limit = binding.Operation.InputFirst ? null : await CheckAsync(binding.Method, metadata, ends).ConfigureAwait(false);
            await FailAsync(http, binding, fault.Failure, limit).ConfigureAwait(false);
            return;
        }

        catch (IOException)
        {
            await AnswerBrokenAsync(http, binding).ConfigureAwait(false);
            throw;
        }

        if (binding.Streams)
        {
            await events.AnswerAsync(http, binding, request, metadata).ConfigureAwait(false);
            return;
        }

        var answer = await coordinators.CallAsync<IMessage>(binding.Call, request, metadata, binding.IsRepeatable(request), ends).ConfigureAwait(false);
        await Answers.WriteAsync(http, binding, answer).ConfigureAwait(false);
    }

    private static async Task AnswerBrokenAsync(HttpContext http, Binding binding)
    {
        try
        {
            await FailAsync(http, binding, Failure.BadBody).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The body broke off because the caller left.
        }
    }

    // Throws like any call where the caller may not do this.
    private async Task<Limit?> CheckAsync(MethodDescriptor method, Metadata metadata, CancellationToken ends)
    {
        var request = new AccessCheckRequest { Method = $"/{method.Service.FullName}/{method.Name}" };
        var answer = await coordinators.CallAsync<AccessCheckResponse>(Check, request, metadata, repeatable: true, ends).ConfigureAwait(false);
        return RpcFailures.LimitOf(answer.Headers, null);
    }

    // Counts a call that will not be made against the limits of its caller; throws where it is beyond them.
    private async Task<Limit?> CountAsync(MethodDescriptor method, Metadata anonymous, CancellationToken ends)
    {
        try
        {
            return await CheckAsync(method, anonymous, ends).ConfigureAwait(false);
        }
        catch (RpcException unknown) when (unknown.StatusCode == StatusCode.Unauthenticated)
        {
            return RpcFailures.LimitOf(null, unknown.Trailers);
        }
    }

    private Task FailAsync(HttpContext http, Binding binding, RpcException fault)
    {
        if (fault.StatusCode == StatusCode.Cancelled)
        {
            // The caller is still there: this process or the coordinator is about to end.
            return FailAsync(http, binding, RpcFailures.Away(binding.Method));
        }

        var failure = RpcFailures.Of(fault, binding.Method);
        if (failure.Status == StatusCodes.Status500InternalServerError)
        {
            Log.CallFailed(log, binding.Method.FullName, fault.StatusCode, fault.Status.Detail);
        }

        return FailAsync(http, binding, failure, RpcFailures.LimitOf(null, fault.Trailers));
    }

    private static Task FailAsync(HttpContext http, Binding binding, Failure failure, Limit? limit = null)
    {
        http.Response.Clear();
        return Answers.WriteAsync(http, binding.Envelope, failure with { Method = binding.Method }, limit);
    }
}
