using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx;

/// <summary>What the importer makes of valid models.</summary>
public sealed class OnnxImporterTests
{
    [Fact]
    public void Leading_dimension_is_a_batch_of_one()
    {
        Graph graph = new ModelBuilder().Input("x", "batch", 3).Node("Relu", "x", "y").Output("y").Import();

        Assert.Equal(TensorType.Float32(1, 3), graph.TypeOf("x"));
        Assert.Equal(TensorType.Float32(1, 3), graph.TypeOf("y"));
    }

    [Fact]
    public void Shapes_bind_dimensions_of_their_symbol_everywhere()
    {
        ModelBuilder model = new ModelBuilder().Input("a", "n", "w").Input("b", "n", 2, "w").Node("Add", "a,b", "y").Output("y");

        Graph graph = model.Import(ImportOptions.Default.WithShape("a", 2, 5));

        Assert.Equal(TensorType.Float32(2, 2, 5), graph.TypeOf("b"));
        Assert.Equal(TensorType.Float32(2, 2, 5), graph.TypeOf("y"));
    }

    [Fact]
    public void The_batch_is_one_wherever_its_name_occurs() =>
        Assert.Equal(TensorType.Float32(2, 1, 4),
            new ModelBuilder().Input("s", 2, "batch", 4).Input("x", "batch", 4).Node("Add", "s,x", "y").Output("y").Import().TypeOf("s"));

    [Fact]
    public void A_constant_replaces_the_default_value_of_an_input()
    {
        ModelBuilder model = new ModelBuilder().Input("x", 1).Input("k", 1).Constant("k", Tensor.Of([2f], 1)).Node("Mul", "x,k", "y")
            .Output("y");

        Graph graph = model.Import(ImportOptions.Default.WithConstant("k", Tensor.Of([3f], 1)));

        Assert.Equal([3f], graph.Constant("k")!.Values<float>());
    }

    [Fact]
    public void Names_of_the_model_win_over_names_the_importer_makes_up()
    {
        // The rule of Clip makes a constant "n/min" of its own.
        ModelBuilder model = new ModelBuilder(9).Input("x", 2).Node("Clip", "x", "c", ("min", 0f)).Node("Neg", "c", "n/min")
            .Output("n/min");
        model.Model.Graph.Node[0].Name = "n";

        Graph graph = model.Import();

        Assert.Equal("n/min", Assert.Single(graph.Outputs));
        Assert.Equal([-1f, 0f], new GraphEvaluator(graph).Evaluate([Tensor.Of([1f, -1f], 2)])[0].Values<float>());
    }

    [Fact]
    public void Minus_one_is_an_open_dimension() =>
        Assert.Equal(TensorType.Float32(1, 4), new ModelBuilder().Input("x", -1, 4).Node("Relu", "x", "y").Output("y").Import()
            .TypeOf("x"));

    [Fact]
    public void An_input_without_any_shape_takes_the_given_one()
    {
        ModelBuilder model = new ModelBuilder().Input("x").Node("Relu", "x", "y").Output("y");
        model.Model.Graph.Input[0].Type.TensorType.Shape = null;

        Assert.Equal(TensorType.Float32(2, 7), model.Import(ImportOptions.Default.WithShape("x", 2, 7)).TypeOf("y"));
    }

    [Fact]
    public void Lists_of_values_take_the_shape_that_a_constant_input_has()
    {
        ModelBuilder scalar = new ModelBuilder().Input("x", 3).Input("k", ElementType.Float32).Node("Mul", "x,k", "y").Output("y");
        Assert.Empty(scalar.Import(ImportOptions.Default.WithConstant("k", Tensor.Of([16000.0], 1))).Constant("k")!.Dimensions);

        ModelBuilder open = new ModelBuilder().Input("x", 3).Input("k", ElementType.Float32, "batch", 2, "n").Node("Add", "x,k",
            "y").Output("y");
        Graph graph = open.Import(ImportOptions.Default.WithConstant("k", Tensor.Of([1.0, 2, 3, 4, 5, 6], 6)));
        Assert.Equal(TensorType.Float32(1, 2, 3), graph.Constant("k")!.Type);

        ModelException error = Assert.Throws<ModelException>(() =>
            open.Import(ImportOptions.Default.WithConstant("k", Tensor.Of([1.0, 2, 3], 3))));
        Assert.Equal("OPT0006", error.Diagnostic.Descriptor.Code);
    }

    [Fact]
    public void Constants_replace_inputs_and_take_their_type()
    {
        ModelBuilder model = new ModelBuilder().Input("x", 6).Input("shape", ElementType.Int64, 2).Node("Reshape", "x,shape", "y")
            .Output("y");

        Graph graph = model.Import(ImportOptions.Default.WithConstant("shape", Tensor.Of([2, 3], 2)));

        Assert.Equal("x", Assert.Single(graph.Inputs));
        Assert.Equal(TensorType.Float32(2, 3), graph.TypeOf("y"));
        Assert.Equal(ElementType.Int64, graph.TypeOf(graph.Nodes[0].Inputs[1]).Element);
    }

    [Fact]
    public void Initialisers_listed_as_inputs_are_no_inputs()
    {
        Graph graph = new ModelBuilder().Input("x", 1, 2).Input("w", 2).Constant("w", Tensor.Of([1f, 2f], 2)).Node("Mul", "x,w", "y")
            .Output("y").Import();

        Assert.Equal("x", Assert.Single(graph.Inputs));
        Assert.Equal([1f, 2f], graph.Constant("w")!.Values<float>());
    }

    [Fact]
    public void Shape_arithmetic_vanishes()
    {
        Graph graph = new ModelBuilder().Input("x", 2, 3, 4)
            .Node("Shape", "x", "s").Node("Constant", "", "i", ("value_int", 0)).Node("Gather", "s,i", "n")
            .Node("Constant", "", "zero", ("value_ints", (long[])[0])).Node("Unsqueeze", "n,zero", "n1")
            .Node("Constant", "", "rest", ("value_ints", (long[])[-1])).Node("Concat", "n1,rest", "target", ("axis", 0))
            .Node("Reshape", "x,target", "y").Output("y").Import();

        Node reshape = Assert.Single(graph.Nodes);
        Assert.Equal("Reshape", reshape.OpType);
        Assert.Equal([2L, -1L], graph.Constant(reshape.Inputs[1])!.Values<long>());
        Assert.Equal(TensorType.Float32(2, 12), graph.TypeOf("y"));
    }

    [Theory]
    [InlineData("value")]
    [InlineData("sparse_value")]
    [InlineData("value_float")]
    [InlineData("value_floats")]
    [InlineData("value_int")]
    [InlineData("value_ints")]
    [InlineData("value_string")]
    [InlineData("value_strings")]
    public void Constant_takes_every_attribute_form(string form)
    {
        var sparse = new SparseTensorProto { Values = ModelBuilder.Proto(Tensor.Of([5f], 1), ""),
            Indices = ModelBuilder.Proto(Tensor.Of([1L, 0L], 1, 2), "") };
        sparse.Dims.Add([2, 2]);
        AttributeProto attribute = form == "sparse_value"
            ? new AttributeProto { Name = form, Type = AttributeProto.Types.AttributeType.SparseTensor, SparseTensor = sparse }
            : ModelBuilder.Attribute(form, form switch
            {
                "value" => Tensor.Of([1f, 2f], 2),
                "value_float" => 1.5f,
                "value_floats" => (float[])[1, 2, 3],
                "value_int" => 7,
                "value_ints" => (long[])[7, 8],
                "value_string" => "text",
                _ => (string[])["a", "b"],
            });
        ModelBuilder model = new ModelBuilder().Node("Constant", "", "c").Output("c");
        model.Model.Graph.Node[0].Attribute.Add(attribute);

        Tensor value = model.Import().Constant("c")!;

        object expected = form switch
        {
            "value" => (float[])[1, 2],
            "sparse_value" => (float[])[0, 0, 5, 0],
            "value_float" => (float[])[1.5f],
            "value_floats" => (float[])[1, 2, 3],
            "value_int" => (long[])[7],
            "value_ints" => (long[])[7, 8],
            "value_string" => (string[])["text"],
            _ => (string[])["a", "b"],
        };
        Assert.Equal(expected, value.Data);
    }

    [Fact]
    public void Sparse_initialisers_are_made_dense()
    {
        ModelBuilder model = new ModelBuilder().Input("x", 1, 3).Node("Add", "x,w", "y").Output("y");
        var sparse = new SparseTensorProto { Values = ModelBuilder.Proto(Tensor.Of([2f, 3f], 2), "w"),
            Indices = ModelBuilder.Proto(Tensor.Of([0L, 2L], 2), "") };
        sparse.Dims.Add(3);
        model.Model.Graph.SparseInitializer.Add(sparse);

        Assert.Equal([2f, 0f, 3f], model.Import().Constant("w")!.Values<float>());
    }

    [Theory]
    [InlineData(true, "Relu")]
    [InlineData(false, "Neg")]
    public void If_with_constant_condition_is_its_branch(bool condition, string expected)
    {
        ModelBuilder model = new ModelBuilder().Input("x", 3).Constant("c", Tensor.Scalar(condition))
            .Node("If", "c", "y", ("then_branch", Branch("Relu")), ("else_branch", Branch("Neg"))).Node("Abs", "y", "z").Output("z");

        Graph graph = model.Import();

        Assert.Equal(expected, graph.Nodes[0].OpType);
        Assert.Equal("Abs", graph.Nodes[^1].OpType);

        static GraphProto Branch(string opType)
        {
            var branch = new GraphProto { Name = opType };
            branch.Node.Add(ModelBuilder.NewNode(opType, "x", "inner"));
            branch.Output.Add(new ValueInfoProto { Name = "inner" });
            return branch;
        }
    }

    [Fact]
    public void Model_local_functions_are_inlined_with_their_attributes()
    {
        ModelBuilder model = new ModelBuilder().Input("x", 2).Node("Leaky", "x", "y", ("slope", 0.5f)).Node("Leaky", "y", "z").Output("z");
        foreach (NodeProto call in model.Model.Graph.Node)
            call.Domain = "mine";
        var function = new FunctionProto { Name = "Leaky", Domain = "mine" };
        function.Input.Add("a");
        function.Output.Add("b");
        function.OpsetImport.Add(new OperatorSetIdProto { Version = 21 });
        function.AttributeProto.Add(ModelBuilder.Attribute("slope", 0.25f));
        NodeProto body = ModelBuilder.NewNode("LeakyRelu", "a", "b");
        body.Attribute.Add(new AttributeProto { Name = "alpha", Type = AttributeProto.Types.AttributeType.Float, RefAttrName = "slope" });
        function.Node.Add(body);
        model.Model.Functions.Add(function);

        Tensor result = new GraphEvaluator(model.Import()).Evaluate([Tensor.Of([-8f, 3f], 2)])[0];

        Assert.Equal([-1f, 3f], result.Values<float>());
    }

    [Fact]
    public void Nodes_are_named_uniquely()
    {
        ModelBuilder model = new ModelBuilder().Input("x", 2).Node("Relu", "x", "a").Node("Relu", "a", "b").Node("Neg", "b", "c")
            .Output("c");
        model.Model.Graph.Node[0].Name = "same";
        model.Model.Graph.Node[1].Name = "same";

        string[] names = [.. model.Import().Nodes.Select(n => n.Name)];

        Assert.Equal("same", names[0]);
        Assert.Equal(3, names.Distinct().Count());
        Assert.All(names, n => Assert.NotEmpty(n));
    }

    [Fact]
    public void Unsorted_nodes_are_sorted_and_dead_ones_dropped()
    {
        Graph graph = new ModelBuilder().Input("x", 2).Node("Neg", "a", "y").Node("Abs", "x", "dead").Node("Relu", "x", "a").Output("y")
            .Import();

        Assert.Equal(["Relu", "Neg"], graph.Nodes.Select(n => n.OpType));
    }

    [Fact]
    public void An_output_may_be_constant_or_an_input()
    {
        Graph graph = new ModelBuilder().Input("x", 2).Node("Shape", "x", "s").Output("s", "x").Import();

        Assert.Empty(graph.Nodes);
        Tensor[] outputs = new GraphEvaluator(graph).Evaluate([Tensor.Of([1f, 2f], 2)]);
        Assert.Equal([2L], outputs[0].Values<long>());
        Assert.Equal([1f, 2f], outputs[1].Values<float>());
    }

    [Fact]
    public void Cancellation_stops_the_import()
    {
        ModelBuilder model = new ModelBuilder().Input("x", 2).Node("Relu", "x", "y").Output("y");

        Assert.Throws<OperationCanceledException>(() => OnnxImporter.Import(model.Bytes, "m", ImportOptions.Default,
            new CancellationToken(true)));
    }

    [Fact]
    public void Hash_sizes_and_names_describe_the_files()
    {
        string folder = Directory.CreateTempSubdirectory("importer-").FullName;
        try
        {
            ModelBuilder model = ExternalDataTests.ModelWithExternalData("data/w.bin");
            Directory.CreateDirectory(Path.Combine(folder, "data"));
            File.WriteAllBytes(Path.Combine(folder, "data", "w.bin"), new byte[8]);
            string path = Path.Combine(folder, "m.onnx");
            File.WriteAllBytes(path, model.Bytes);

            ImportedModel imported = OnnxImporter.Import(path, ImportOptions.Default);
            File.WriteAllBytes(Path.Combine(folder, "data", "w.bin"), [1, 0, 0, 0, 0, 0, 0, 0]);
            ImportedModel changed = OnnxImporter.Import(path, ImportOptions.Default);

            Assert.Equal("m.onnx", imported.SourceFile);
            Assert.Equal(model.Bytes.Length + 8, imported.SourceBytes);
            Assert.Equal(8, imported.FloatWeightBytes);
            Assert.Equal("data/w.bin", Assert.Single(imported.ExternalDataFiles));
            Assert.Equal(64, imported.SourceHash.Length);
            Assert.NotEqual(imported.SourceHash, changed.SourceHash);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
