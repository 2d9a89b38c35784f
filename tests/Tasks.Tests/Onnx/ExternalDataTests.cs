using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Onnx;

/// <summary>Weights in files beside the model.</summary>
public sealed class ExternalDataTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("external-").FullName;

    private string Folder => Path.Combine(_root, "model");

    public ExternalDataTests() => Directory.CreateDirectory(Folder);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Offset_and_length_select_a_stretch()
    {
        var bytes = new byte[16];
        BitConverter.TryWriteBytes(bytes.AsSpan(4), 1.5f);
        BitConverter.TryWriteBytes(bytes.AsSpan(8), -2f);
        File.WriteAllBytes(Path.Combine(Folder, "w.bin"), bytes);

        Graph graph = Import("w.bin", ("offset", "4"), ("length", "8"));

        Assert.Equal([1.5f, -2f], graph.Constant("w")!.Values<float>());
    }

    [Fact]
    public void A_checksum_is_compared()
    {
        File.WriteAllBytes(Path.Combine(Folder, "w.bin"), new byte[8]);
        string right = Convert.ToHexString(System.Security.Cryptography.SHA1.HashData(new byte[8]));

        Assert.Equal([0f, 0f], Import("w.bin", ("checksum", right)).Constant("w")!.Values<float>());
        ModelException e = Assert.Throws<ModelException>(() => Import("w.bin", ("checksum", right.Replace(right[0], 'x'))));
        Assert.Equal("OPT0008", e.Diagnostic.Descriptor.Code);
        Assert.Contains("SHA-1", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../outside.bin")]
    [InlineData("sub/../../outside.bin")]
    [InlineData("..\\outside.bin")]
    [InlineData("/etc/hostname")]
    [InlineData("C:\\windows\\win.ini")]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("missing.bin")]
    [InlineData("sub")]
    public void Files_outside_the_folder_or_missing_are_refused(string location)
    {
        File.WriteAllBytes(Path.Combine(_root, "outside.bin"), new byte[64]);
        Directory.CreateDirectory(Path.Combine(Folder, "sub"));

        AssertRefused(location);
    }

    [Theory]
    [InlineData("offset", "-4")]
    [InlineData("offset", "4")]
    [InlineData("offset", "99999999999999999999")]
    [InlineData("offset", "x")]
    [InlineData("length", "4")]
    [InlineData("length", "9223372036854775807")]
    public void Stretches_outside_the_file_are_refused(string key, string value)
    {
        File.WriteAllBytes(Path.Combine(Folder, "w.bin"), new byte[8]);

        AssertRefused("w.bin", (key, value));
    }

    [Fact]
    public void Links_that_lead_out_are_refused_and_others_followed()
    {
        Machine.RequireSymbolicLinks();
        File.WriteAllBytes(Path.Combine(_root, "outside.bin"), new byte[8]);
        File.WriteAllBytes(Path.Combine(Folder, "inside.bin"), new byte[8]);
        File.CreateSymbolicLink(Path.Combine(Folder, "out.bin"), Path.Combine(_root, "outside.bin"));
        File.CreateSymbolicLink(Path.Combine(Folder, "relative.bin"), "../outside.bin");
        Directory.CreateSymbolicLink(Path.Combine(Folder, "up"), "..");
        File.CreateSymbolicLink(Path.Combine(Folder, "loop.bin"), "loop.bin");
        File.CreateSymbolicLink(Path.Combine(Folder, "in.bin"), "inside.bin");

        AssertRefused("out.bin");
        AssertRefused("relative.bin");
        AssertRefused("up/outside.bin");
        AssertRefused("loop.bin");
        Assert.NotNull(Import("in.bin").Constant("w"));
    }

    [Fact]
    public void A_model_from_memory_has_no_folder()
    {
        ModelException e = Assert.Throws<ModelException>(() => ModelWithExternalData("w.bin").Import());
        Assert.Equal(DiagnosticCatalog.ExternalData, e.Diagnostic.Descriptor);
    }

    /// <summary>A model whose only weight, two floats, lies in a file.</summary>
    internal static ModelBuilder ModelWithExternalData(string location, params (string Key, string Value)[] entries)
    {
        ModelBuilder model = new ModelBuilder().Input("x", 1, 2).Node("Add", "x,w", "y").Output("y");
        var w = new TensorProto { Name = "w", DataType = (int)ElementType.Float32, DataLocation = TensorProto.Types.DataLocation.External };
        w.Dims.Add(2);
        w.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
        foreach ((string key, string value) in entries)
            w.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        model.Model.Graph.Initializer.Add(w);
        return model;
    }

    private Graph Import(string location, params (string Key, string Value)[] entries)
    {
        string path = Path.Combine(Folder, "m.onnx");
        File.WriteAllBytes(path, ModelWithExternalData(location, entries).Bytes);
        return OnnxImporter.Import(path, ImportOptions.Default).Graph;
    }

    private void AssertRefused(string location, params (string Key, string Value)[] entries)
    {
        ModelException e = Assert.Throws<ModelException>(() => Import(location, entries));
        Assert.Equal(DiagnosticCatalog.ExternalData, e.Diagnostic.Descriptor);
        Assert.Contains("'w'", e.Diagnostic.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(_root, e.Diagnostic.Text, StringComparison.Ordinal);
    }
}
