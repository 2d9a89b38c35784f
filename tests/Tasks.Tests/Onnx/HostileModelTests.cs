using System.Diagnostics;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Onnx;

/// <summary>Damaged and hostile models: always a coded error, never another exception, a hang or a flood of memory.</summary>
public sealed class HostileModelTests
{
    [Fact]
    public void A_missing_file_and_a_folder_are_OPT0001()
    {
        string folder = Directory.CreateTempSubdirectory("hostile-").FullName;
        try
        {
            AssertCode("OPT0001", () => OnnxImporter.Import(Path.Combine(folder, "none.onnx"), ImportOptions.Default), "'none.onnx'",
                "does not exist");
            AssertCode("OPT0001", () => OnnxImporter.Import(folder, ImportOptions.Default), "folder");
            AssertCode("OPT0001", () => TensorProtoReader.Read(Path.Combine(folder, "none.pb")), "'none.pb'");
        }
        finally
        {
            Directory.Delete(folder);
        }
    }

    [Fact]
    public void What_is_no_model_is_OPT0002()
    {
        AssertCode("OPT0002", () => Import([]), "empty");
        AssertCode("OPT0002", () => Import("GIF89a..."u8.ToArray()));
        AssertCode("OPT0002", () => Import("version https://git-lfs.github.com/spec/v1\n"u8.ToArray()), "Git LFS");
        AssertCode("OPT0002", () => Import("\n <!DOCTYPE html>\n<html>"u8.ToArray()), "a web page");
        AssertCode("OPT0002", () => Import([(byte)'P', (byte)'K', 3, 4, 0, 0]), "PyTorch");
        AssertCode("OPT0002", () => Import([0x80, 2, (byte)'}']), "pickle");
        AssertCode("OPT0002", () => Import([0x89, (byte)'H', (byte)'D', (byte)'F', 13, 10]), "Keras");
        AssertCode("OPT0002", () => Import([0x1C, 0, 0, 0, (byte)'T', (byte)'F', (byte)'L', (byte)'3']), "TensorFlow Lite");
        AssertCode("OPT0002", () => Import([0x08, 0x07]), "no graph");
        AssertCode("OPT0002", () => Import([0x08, 0x01, 0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0x93, 0x01]), "a length in it");
    }

    [Fact]
    public void A_truncated_model_is_coded_wherever_it_breaks_off()
    {
        ModelBuilder model = Small();
        byte[] whole = model.Bytes;
        // The opset stands behind the graph; without it the model is whole, if old.
        int graphEnd = whole.Length - model.Model.OpsetImport[0].CalculateSize() - 2;
        for (int length = 0; length < graphEnd; length++)
        {
            ModelException? e = Record.Exception(() => Import(whole[..length])) as ModelException;
            Assert.NotNull(e);
        }
        AssertCode("OPT0003", () => Import(whole[..(whole.Length / 2)]), "'test.onnx'");
        AssertCode("OPT0003", () => TensorProtoReader.Read([0x0a, 0x7f], "t.pb"));
    }

    [Fact]
    public void All_unsupported_operators_and_all_open_inputs_are_told_at_once()
    {
        ModelBuilder model = new ModelBuilder(18).Input("x", 2).Node("Strange", "x", "a").Node("Odd", "a", "b").Node("Strange", "b", "c")
            .Node("Strange", "c", "d").Node("Strange", "d", "e").Output("e");
        foreach (NodeProto node in model.Model.Graph.Node)
            node.Name = node.OpType + "/" + node.Output[0];
        ModelException unsupported = Assert.Throws<ModelException>(() => model.Import());
        Assert.Equal(["OPT0004", "OPT0004"], unsupported.Diagnostics.Select(d => d.Descriptor.Code));
        Assert.Contains("node 'Strange/a' uses operator Strange", unsupported.Diagnostics[0].Text, StringComparison.Ordinal);
        Assert.Contains("(also 'Strange/c', 'Strange/d' and 1 others)", unsupported.Diagnostics[0].Text, StringComparison.Ordinal);
        Assert.Contains("node 'Odd/b' uses operator Odd", unsupported.Diagnostics[1].Text, StringComparison.Ordinal);

        ModelException open = Assert.Throws<ModelException>(() => new ModelBuilder().Input("image", "batch", 3, "height", "width")
            .Input("mask", null, "height").Node("Relu", "image", "y").Output("y").Import());
        Assert.Equal(["OPT0006", "OPT0006"], open.Diagnostics.Select(d => d.Descriptor.Code));
        Assert.All(open.Diagnostics, d => Assert.Contains(
            "write Shapes=\"image=1,3,height,width;mask=1,height\" with numbers in place of height, width", d.Text,
            StringComparison.Ordinal));
    }

    [Fact]
    public void An_unknown_operator_is_OPT0004_with_everything_one_needs()
    {
        AssertCode("OPT0004", () => With(new ModelBuilder(18).Input("x", 2).Node("Relo", "x", "y").Output("y"), name: "n1").Import(),
            "'n1'", "Relo", "'ai.onnx'", "opset 18", "form: Relu");
        ModelBuilder other = new ModelBuilder().Input("x", 2).Node("Relu", "x", "y").Output("y");
        other.Model.Graph.Node[0].Domain = "com.microsoft";
        AssertCode("OPT0004", () => other.Import(), "'com.microsoft'", "Relu of domain 'ai.onnx'");
        AssertCode("OPT0004", () => new ModelBuilder(99).Input("x", 2).Node("Relu", "x", "y").Output("y").Import(), "opset 99");
        AssertCode("OPT0004", () => new ModelBuilder(13).Input("x", 1, 1, 4, 4, 4, 4)
            .Node("MaxPool", "x", "y", ("kernel_shape", (long[])[2, 2, 2, 2])).Output("y").Import(), "opset 13", "1 to 3 spatial");
        AssertCode("OPT0005", () =>
            new ModelBuilder().Input("c", ElementType.Bool).Node("If", "c", "y").Output("y").Import(), "then_branch");
        ModelBuilder inside = new ModelBuilder().Input("x", 2).Node("FusedElementwise", "x", "y").Output("y");
        inside.Model.Graph.Node[0].Domain = Graphs.Node.InternalDomain;
        AssertCode("OPT0004", () => inside.Import());
    }

    [Fact]
    public void Broken_graphs_are_OPT0005()
    {
        AssertCode("OPT0005", () => new ModelBuilder().Input("x", 2).Node("Relu", "nowhere", "y").Output("y").Import(), "'nowhere'");
        AssertCode("OPT0005", () => new ModelBuilder().Input("x", 2).Node("Relu", "x", "y").Output("z").Import(), "'z'");
        AssertCode("OPT0005", () => new ModelBuilder().Input("x", 2).Node("Add", "x,b", "a").Node("Relu", "a", "b").Output("b").Import(),
            "cycle");
        AssertCode("OPT0005", () => new ModelBuilder().Input("x", 2).Node("Relu", "x", "y").Node("Neg", "x", "y").Output("y").Import(),
            "'y'");
        AssertCode("OPT0005", () => new ModelBuilder().Input("x", 2).Node("Relu", "x", "x").Output("x").Import(), "cycle");
        AssertCode("OPT0005", () => new ModelBuilder().Input("x", 2).Input("x", 2).Node("Relu", "x", "y").Output("y").Import(), "twice");
        AssertCode("OPT0005", () => new ModelBuilder().Input("x", 2).Node("Relu", "x", "y").Output("y", "y").Import(), "twice");
        AssertCode("OPT0005", () => new ModelBuilder().Input("x", 2).Node("Relu", "x", "y").Import(), "no output");
        AssertCode("OPT0005", () => new ModelBuilder().Input("x", 2).Input("b", 3).Node("Add", "x,b", "y").Output("y").Import(),
            "broadcast");
        AssertCode("OPT0005", () => new ModelBuilder().Input("x", 2).Node("Relu", "", "y").Output("y").Import());
        AssertCode("OPT0005", () => new ModelBuilder().Constant("a", Tensor.Of([1], 1)).Constant("b", Tensor.Of([0], 1))
            .Node("Div", "a,b", "y").Output("y").Import(), "zero");
        AssertCode("OPT0005", () => new ModelBuilder().Constant("a", Tensor.Of([1f], 1)).Constant("a", Tensor.Of([1f], 1))
            .Node("Neg", "a", "y").Output("y").Import(), "twice");
    }

    [Fact]
    public void Damaged_tensors_are_coded()
    {
        AssertCode("OPT0005", () => Initialiser(t => t.Dims.Add(-1)), "-1");
        AssertCode("OPT0005", () => Initialiser(t => t.Dims.Add(3)), "8 bytes");
        AssertCode("OPT0025", () => Initialiser(t => t.Dims.Add([int.MaxValue, int.MaxValue, 2])));
        AssertCode("OPT0025", () => Initialiser(t => t.Dims.Add([0, int.MaxValue, int.MaxValue])));
        AssertCode("OPT0025", () => Initialiser(t => t.Dims.Add(long.MaxValue)));
        AssertCode("OPT0025", () => Initialiser(t => t.Dims.Add(Enumerable.Repeat(1L, 1000))));
        AssertCode("OPT0009", () => Initialiser(t => t.DataType = 14), "complex64");
        AssertCode("OPT0009", () => Initialiser(t => t.DataType = 1234));
        AssertCode("OPT0005", () => Initialiser(t => t.DataType = (int)ElementType.Int32, raw: false), "int32_data");
    }

    [Fact]
    public void Open_and_contradictory_dimensions_are_OPT0006()
    {
        ModelBuilder model = new ModelBuilder().Input("image", "batch", 3, "height").Node("Relu", "image", "y").Output("y");
        AssertCode("OPT0006", () => model.Import(), "'image'", "dimension 2 ('height')");
        AssertCode("OPT0006", () => model.Import(ImportOptions.Default.WithShape("image", 1, 4, 5)), "3 in the model but 4");
        AssertCode("OPT0006", () => model.Import(ImportOptions.Default.WithShape("image", 1, 3)), "2 dimensions");
        AssertCode("OPT0006", () => model.Import(ImportOptions.Default.WithShape("image", 1, 3, -5)), "-5");
        AssertCode("OPT0006", () => model.Import(ImportOptions.Default.WithShape("picture", 1, 3, 5)), "'picture'", "image");
        ModelBuilder two = new ModelBuilder().Input("a", "n").Input("b", "n").Node("Add", "a,b", "y").Output("y");
        AssertCode("OPT0006", () => two.Import(ImportOptions.Default.WithShape("a", 2).WithShape("b", 3)), "'n'");
        ModelBuilder bare = new ModelBuilder().Input("x").Node("Relu", "x", "y").Output("y");
        bare.Model.Graph.Input[0].Type.TensorType.Shape = null;
        AssertCode("OPT0006", () => bare.Import(), "no shape");
    }

    [Fact]
    public void Shapes_from_inputs_are_OPT0007() =>
        AssertCode("OPT0007", () => new ModelBuilder().Input("x", 6).Input("shape", ElementType.Int64, 2).Node("Reshape", "x,shape", "y")
            .Output("y").Import(), "'shape'");

    [Fact]
    public void Inputs_of_types_without_support_are_OPT0009()
    {
        ModelBuilder other = new ModelBuilder().Input("x", 2).Node("Identity", "x", "y").Output("y");
        other.Model.Graph.Input[0].Type = new TypeProto { MapType = new() };
        AssertCode("OPT0009", () => other.Import(), "map");
        other.Model.Graph.Input[0].Type = new TypeProto { SequenceType = new() { ElemType = new() { SequenceType = new() } } };
        AssertCode("OPT0009", () => other.Import(ImportOptions.Default.WithShape("x_0", 2)), "sequence");
        other.Model.Graph.Input[0].Type = new TypeProto { OptionalType = new() { ElemType = new() { OptionalType = new() } } };
        AssertCode("OPT0009", () => other.Import(), "optional");
        AssertCode("OPT0009", () => new ModelBuilder().Input("x", 2).Node("Cast", "x", "y", ("to", 14)).Output("y").Import());
    }

    [Fact]
    public void Absurd_sizes_are_OPT0025()
    {
        AssertCode("OPT0025", () => new ModelBuilder().Input("x", 1 << 20, 1 << 20).Node("Relu", "x", "y").Output("y").Import());
        AssertCode("OPT0025", () => new ModelBuilder().Constant("s", Tensor.Of([1L << 40], 1)).Node("ConstantOfShape", "s", "y")
            .Output("y").Import());
        AssertCode("OPT0025", () => new ModelBuilder().Constant("s", Tensor.Of([1L << 16, 1L << 16], 2)).Node("ConstantOfShape", "s", "y")
            .Output("y").Import());
        AssertCode("OPT0025", () => new ModelBuilder().Input("x", 2, 2).Constant("p", Tensor.Of([0, 0, 1L << 29, 1L << 29], 4))
            .Node("Pad", "x,p", "y").Output("y").Import());
        AssertCode("OPT0025", () => new ModelBuilder().Input("x", 2).Constant("r", Tensor.Of([long.MaxValue], 1)).Node("Tile", "x,r", "y")
            .Output("y").Import());
    }

    [Fact]
    public void A_large_constant_is_left_to_run_time()
    {
        // 400 MB: valid, but not worth storing.
        Graph graph = new ModelBuilder().Constant("s", Tensor.Of([100_000_000L], 1)).Node("ConstantOfShape", "s", "y").Output("y").Import();

        Assert.Equal("ConstantOfShape", Assert.Single(graph.Nodes).OpType);
    }

    [Fact]
    public void Functions_that_call_themselves_end()
    {
        ModelBuilder once = Recursive(calls: 1), twice = Recursive(calls: 2);
        AssertCode("OPT0025", () => once.Import(), "nesting");
        var time = Stopwatch.StartNew();
        AssertCode("OPT0025", () => twice.Import());
        Assert.True(time.Elapsed < TimeSpan.FromSeconds(60));
    }

    [Fact]
    public void Many_equal_names_take_linear_time()
    {
        ModelBuilder model = new ModelBuilder().Input("x", 2);
        string last = "x";
        for (int i = 0; i < 20_000; i++)
        {
            string next = "v" + i;
            model.Node("Neg", last, next);
            model.Model.Graph.Node[^1].Name = "same";
            last = next;
        }
        var time = Stopwatch.StartNew();

        Assert.Equal(20_000, model.Output(last).Import().Nodes.Length);

        Assert.True(time.Elapsed < TimeSpan.FromSeconds(30));
    }

    private static ModelBuilder Small() =>
        new ModelBuilder(13).Input("x", "n", 4).Constant("w", Tensor.Of(new float[12], 4, 3)).Constant("b", Tensor.Of(new float[3], 3))
        .Node("Gemm", "x,w,b", "h", ("alpha", 1f), ("transB", 0)).Node("Relu", "h", "r").Node("Softmax", "r", "y", ("axis", -1))
            .Output("y");

    private static ModelBuilder Recursive(int calls)
    {
        ModelBuilder model = new ModelBuilder().Input("x", 2).Node("F", "x", "y").Output("y");
        model.Model.Graph.Node[0].Domain = "mine";
        var function = new FunctionProto { Name = "F", Domain = "mine" };
        function.Input.Add("a");
        function.Output.Add("b0");
        for (int i = 0; i < calls; i++)
        {
            NodeProto call = ModelBuilder.NewNode("F", "a", "b" + i);
            call.Domain = "mine";
            function.Node.Add(call);
        }
        model.Model.Functions.Add(function);
        return model;
    }

    private static Graph Initialiser(Action<TensorProto> damage, bool raw = true)
    {
        ModelBuilder model = new ModelBuilder().Input("x", 2).Node("Add", "x,w", "y").Output("y");
        TensorProto tensor = ModelBuilder.Proto(Tensor.Of([1f, 2f], 2), "w");
        if (tensor.Dims.Count > 0 && raw)
            tensor.Dims.Clear();
        if (!raw)
            tensor.ClearRawData();
        damage(tensor);
        if (tensor.Dims.Count == 0)
            tensor.Dims.Add(2);
        model.Model.Graph.Initializer.Add(tensor);
        return model.Import();
    }

    private static ModelBuilder With(ModelBuilder model, string name)
    {
        model.Model.Graph.Node[0].Name = name;
        return model;
    }

    private static Graph Import(byte[] bytes) => OnnxImporter.Import(bytes, "test.onnx", ImportOptions.Default).Graph;

    private static void AssertCode(string code, Func<object> action, params string[] fragments)
    {
        ModelException e = Assert.Throws<ModelException>(() => { action(); });
        Assert.Equal(code, e.Diagnostic.Descriptor.Code);
        Assert.All(fragments, f => Assert.Contains(f, e.Diagnostic.Text, StringComparison.Ordinal));
    }
}
