using Google.Protobuf;
using OptimizerBuild.Harness;
using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Onnx;

public sealed class ExternalDataNamesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void FindsNamesWhereverTensorsAre()
    {
        var branch = new GraphProto();
        branch.Initializer.Add(External("in/branch.bin"));
        var node = new NodeProto { OpType = "If" };
        node.Attribute.Add(new AttributeProto { Name = "then_branch", G = branch });
        node.Attribute.Add(new AttributeProto { Name = "value", T = External("./attribute.bin") });
        var function = new FunctionProto { Name = "f" };
        var inside = new NodeProto { OpType = "Constant" };
        inside.Attribute.Add(new AttributeProto { Name = "value", T = External("function.bin") });
        function.Node.Add(inside);
        var model = new ModelProto { Graph = new GraphProto() };
        model.Graph.Node.Add(node);
        model.Graph.Initializer.Add([External("w.bin"), External("w.bin"), new TensorProto()]);
        model.Graph.SparseInitializer.Add(new SparseTensorProto { Values = External(@"sub\values.bin"),
            Indices = External("indices.bin") });
        model.Functions.Add(function);

        Assert.Equal(["attribute.bin", "function.bin", "in/branch.bin", "indices.bin", "sub/values.bin", "w.bin"], Names(model));
    }

    [Theory]
    [InlineData("../outside.bin")]
    [InlineData("a/../../outside.bin")]
    [InlineData("/absolute.bin")]
    [InlineData("C:/absolute.bin")]
    [InlineData("nul\0.bin")]
    [InlineData("./.")]
    [InlineData("")]
    public void LeavesOutWhatTheImporterRefuses(string location)
    {
        var model = new ModelProto { Graph = new GraphProto() };
        model.Graph.Initializer.Add(External(location));

        Assert.Empty(Names(model));
    }

    [Fact]
    public void WhatIsNoModelHasNoNames()
    {
        File.WriteAllText(_folder["m.onnx"], "no model");

        Assert.Empty(ExternalDataNames.Of(_folder["m.onnx"]));
        Assert.Empty(ExternalDataNames.Of(_folder["missing.onnx"]));
    }

    private static TensorProto External(string location)
    {
        var tensor = new TensorProto { DataLocation = TensorProto.Types.DataLocation.External };
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
        return tensor;
    }

    private IReadOnlyList<string> Names(ModelProto model)
    {
        File.WriteAllBytes(_folder["m.onnx"], model.ToByteArray());
        return ExternalDataNames.Of(_folder["m.onnx"]);
    }
}
