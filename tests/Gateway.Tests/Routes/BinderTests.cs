using Coordinator.Gateway.Transcoding.Routes;
using Coordinator.Rest.V1;
using Gateway.Tests.V1;
using Google.Api;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Gateway.Tests.Routes;

/// <summary>Annotations that cannot be kept stop the start, with a sentence that names the method.</summary>
public sealed class BinderTests
{
    private const string Book = ".gateway.tests.v1.Book";

    public static TheoryData<string, string, string> Rules => new()
    {
        { """{"get":"/a/"}""", "{}", "Broken.Call has the path '/a/', which has an empty segment." },
        { """{"get":"/{a"}""", "{}", "Broken.Call has the path '/{a', which has a variable that is not closed, or something behind its brace." },
        { """{"get":"/{nothing}"}""", "{}", "Broken.Call binds nothing, which gateway.tests.v1.Book does not have." },
        { """{"get":"/{tags}"}""", "{}", "Broken.Call binds tags, which a path cannot hold." },
        { """{"get":"/{author}"}""", "{}", "Broken.Call binds author, which a path cannot hold." },
        { """{"get":"/{authors.name}"}""", "{}", "Broken.Call binds authors.name, which gateway.tests.v1.Book does not have." },
        { """{"get":"/{shelves}"}""", "{}", "Broken.Call binds shelves, which a path cannot hold." },
        { """{"get":"/a","body":"*"}""", "{}", "Broken.Call has a body with GET." },
        { """{"post":"/a","body":"nothing"}""", "{}", "Broken.Call has the body nothing, which gateway.tests.v1.Book does not have." },
        { """{"post":"/a/{id}","body":"id"}""", "{}", "Broken.Call has the body id, which the path binds already." },
        { """{"get":"/a","responseBody":"nothing"}""", "{}", "Broken.Call has the response_body nothing, which gateway.tests.v1.Book does not have." },
        { """{"get":"/a","responseBody":"tags"}""", """{"ok":true}""", "Broken.Call answers with one field alone, which cannot begin with \"ok\"." },
        { """{"get":"/a"}""", """{"bareField":"tags","ok":true}""", "Broken.Call answers with one field alone, which cannot begin with \"ok\"." },
        { """{"get":"/a"}""", """{"bareField":"nothing"}""", "Broken.Call has the bare_field nothing, which gateway.tests.v1.Book does not have." },
        { """{"get":"/a"}""", """{"bareField":"id"}""", "Broken.Call has a bare_field that is no list, or beside a response_body." },
        { """{"get":"/a","responseBody":"id"}""", """{"bareField":"tags"}""", "Broken.Call has a bare_field that is no list, or beside a response_body." },
        { """{"custom":{"kind":"move","path":"/a"}}""", "{}", "Broken.Call has the HTTP method 'move', which is not in capital letters." },
        { """{"body":"*"}""", "{}", "Broken.Call has an http rule without a path." },
        { """{"get":"/a","additionalBindings":[{"get":"/b","additionalBindings":[{"get":"/c"}]}]}""", "{}", "Broken.Call has additional bindings within an additional binding." },
        { """{"get":"/a","additionalBindings":[{"get":"/a"}]}""", "{}", "Broken.Call is called as GET /a, but so is Broken.Call." },
        { """{"get":"/a"}""", """{"resumeField":"nothing"}""", "Broken.Call has the resume_field nothing, which gateway.tests.v1.Book does not have." },
        { """{"get":"/a"}""", """{"eventsField":"id"}""", "Broken.Call has an events_field that is not a repeated message." },
        { """{"get":"/a"}""", """{"answer":"{"}""", "Broken.Call has the answer '{', which is not JSON." },
        { """{"get":"/a"}""", """{"answer":"null"}""", "Broken.Call has the answer 'null', which is null." },
        { """{"get":"/a"}""", """{"answer":"[\"$\",\"$\"]"}""", "Broken.Call has the answer '[\"$\",\"$\"]', which has the message more than once." },
        { """{"get":"/a"}""", """{"answer":"{}","ok":true}""", "Broken.Call has an answer, which cannot begin with \"ok\"." },
        { """{"get":"/a"}""", """{"responseHeaders":["a b"]}""", "Broken.Call has response_headers that are no names of headers." },
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public void Start_BadAnnotation_IsOneSentence(string http, string operation, string sentence)
    {
        var fault = Assert.Throws<InvalidOperationException>(() => new RouteTable([File(http, operation)]));
        Assert.Equal(sentence, fault.Message);
    }

    [Fact]
    public void Start_UnknownEnvelope_IsOneSentence()
    {
        var fault = Assert.Throws<InvalidOperationException>(() => new RouteTable([File("""{"get":"/a"}""", "{}", surface: new() { Envelope = "other" })]));
        Assert.Equal("Broken has the envelope 'other', which is none of default, runs, workers, tunnels, cloudflare.", fault.Message);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("/")]
    [InlineData("/a/")]
    public void Start_BadPrefix_IsOneSentence(string prefix)
    {
        var fault = Assert.Throws<InvalidOperationException>(() => new RouteTable([File("""{"get":"/a"}""", "{}", surface: new() { Prefixes = { prefix } })]));
        Assert.Equal($"Broken has the prefix '{prefix}', which is no path.", fault.Message);
    }

    [Fact]
    public void Start_ClientStream_IsOneSentence()
    {
        var fault = Assert.Throws<InvalidOperationException>(() => new RouteTable([File("""{"post":"/a"}""", "{}", clientStreams: true)]));
        Assert.Equal("Broken.Call streams from the client, which HTTP cannot be made to do.", fault.Message);
    }

    public static TheoryData<FieldDescriptorProto.Types.Type, string, string> Fields => new()
    {
        { FieldDescriptorProto.Types.Type.String, """{"rawJson":"RAW_JSON_ANY"}""", "is raw JSON and not bytes" },
        { FieldDescriptorProto.Types.Type.String, """{"time":"TIME_DIGITS_SECONDS"}""", "is written as a time and is neither int64 nor google.protobuf.Timestamp" },
        { FieldDescriptorProto.Types.Type.String, """{"nullIfUnset":true}""", "is null where it is unset and has no presence" },
        { FieldDescriptorProto.Types.Type.String, """{"rule":{"format":"shoe"}}""", "has the unknown format 'shoe'" },
        { FieldDescriptorProto.Types.Type.Int32, """{"filledBy":"FILLED_BY_ORIGIN"}""", "is filled by the gateway and no string" },
        { FieldDescriptorProto.Types.Type.String, """{"filledBy":"FILLED_BY_ORIGIN","rule":{"required":true}}""", "is filled by the gateway and required of the caller" },
    };

    [Theory]
    [MemberData(nameof(Fields))]
    public void Start_BadFieldOption_IsOneSentence(FieldDescriptorProto.Types.Type type, string options, string fault)
    {
        var field = new FieldDescriptorProto { Name = "f", Number = 1, Type = type, Label = FieldDescriptorProto.Types.Label.Optional, Options = new() };
        field.Options.SetExtension(OptionsExtensions.Field, Parse<Field>(options));
        var file = Proto("""{"get":"/a"}""", "{}");
        file.MessageType.Add(new DescriptorProto { Name = "Message", Field = { field } });
        file.Service[0].Method[0].InputType = ".Message";
        var thrown = Assert.Throws<InvalidOperationException>(() => new RouteTable([Build(file)]));
        Assert.Equal($"Broken.Call has the field Message.f, which {fault}.", thrown.Message);
    }

    [Theory]
    [InlineData("""{"get":"/{origin}"}""", "binds origin, which the gateway fills")]
    [InlineData("""{"post":"/a","body":"origin"}""", "has the body origin, which the gateway fills")]
    public void Start_FilledFieldFromOutside_IsOneSentence(string http, string fault)
    {
        var file = Proto(http, "{}");
        file.Service[0].Method[0].InputType = ".gateway.tests.v1.Visit";
        var thrown = Assert.Throws<InvalidOperationException>(() => new RouteTable([Build(file)]));
        Assert.Equal($"Broken.Call {fault}.", thrown.Message);
    }

    private static FileDescriptor File(string http, string operation, bool clientStreams = false, Surface? surface = null) =>
        Build(Proto(http, operation, clientStreams, surface));

    private static FileDescriptorProto Proto(string http, string operation, bool clientStreams = false, Surface? surface = null)
    {
        var method = new MethodDescriptorProto { Name = "Call", InputType = Book, OutputType = Book, ClientStreaming = clientStreams, Options = new() };
        method.Options.SetExtension(AnnotationsExtensions.Http, Parse<HttpRule>(http));
        method.Options.SetExtension(OptionsExtensions.Operation, Parse<Operation>(operation));
        var service = new ServiceDescriptorProto { Name = "Broken", Method = { method }, Options = new() };
        service.Options.SetExtension(OptionsExtensions.Surface, surface ?? new());
        return new() { Name = "broken.proto", Syntax = "proto3", Dependency = { LibraryReflection.Descriptor.Name }, Service = { service } };
    }

    private static FileDescriptor Build(FileDescriptorProto file)
    {
        var files = new List<ByteString>();
        Add(LibraryReflection.Descriptor);
        files.Add(file.ToByteString());
        return FileDescriptor.BuildFromByteStrings(files, new ExtensionRegistry { AnnotationsExtensions.Http, OptionsExtensions.Operation, OptionsExtensions.Surface, OptionsExtensions.Field })[^1];

        void Add(FileDescriptor dependency)
        {
            foreach (var further in dependency.Dependencies)
            {
                Add(further);
            }

            if (!files.Contains(dependency.SerializedData))
            {
                files.Add(dependency.SerializedData);
            }
        }
    }

    private static T Parse<T>(string json)
        where T : IMessage, new() => JsonParser.Default.Parse<T>(json);
}
