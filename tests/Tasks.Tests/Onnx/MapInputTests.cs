using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx;

/// <summary>Inputs that are maps of known keys.</summary>
public sealed class MapInputTests
{
    [Fact]
    public void ADictVectorizerTakesARow()
    {
        Graph graph = Model("DictVectorizer", ElementType.Float32, ("string_vocabulary", (string[])["a", "b", "c"])).Import();
        Assert.Equal(TensorType.Of(ElementType.Float32, 1, 3), graph.TypeOf("x"));
        Assert.Equal([1f, 0, 5], new GraphEvaluator(graph).Evaluate([Tensor.Of([1f, 0, 5], 1, 3)])[0].Values<float>());
    }

    [Fact]
    public void ASparseCastMapTakesARow()
    {
        Graph graph = Model("CastMap", ElementType.Float32, ("map_form", "SPARSE"), ("max_map", 4), ("cast_to", "TO_INT64")).Import();
        Assert.Equal(TensorType.Of(ElementType.Float32, 1, 4), graph.TypeOf("x"));
        Assert.Equal([2L, 0, 0, 7], new GraphEvaluator(graph).Evaluate([Tensor.Of([2.5f, 0, 0, 7], 1, 4)])[0].Values<long>());
    }

    /// <summary>The values of as many keys as a shape says, in ascending order of the keys.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ADenseCastMapTakesARowOfStatedLength(bool isDeclared)
    {
        ModelBuilder model = Model("CastMap", ElementType.Float32, ("map_form", "DENSE"), ("cast_to", "TO_FLOAT"));
        if (isDeclared)
            model.Model.Graph.Output[0].Type = ModelBuilder.Value("", ElementType.Float32, 1, 3).Type;
        ImportOptions options = isDeclared ? ImportOptions.Default
            : ImportOptions.Default with { Shapes = ImportOptions.Default.Shapes.SetItem("x", [1, 3]) };
        Graph graph = OnnxImporter.Import(model.Bytes, "m.onnx", options).Graph;
        Assert.Equal(TensorType.Of(ElementType.Float32, 1, 3), graph.TypeOf("x"));
        Assert.Equal([2.5f, 0, 7], new GraphEvaluator(graph).Evaluate([Tensor.Of([2.5f, 0, 7], 1, 3)])[0].Values<float>());
    }

    [Fact]
    public void MapsOfUnknownKeysAreRefused()
    {
        Assert.Equal("OPT0063", Assert.Throws<ModelException>(
            () => Model("CastMap", ElementType.Float32, ("map_form", "DENSE")).Import()).Diagnostic.Descriptor.Code);
        Assert.Throws<ModelException>(() => Model("DictVectorizer", ElementType.Float32).Import());
        ModelBuilder two = Model("DictVectorizer", ElementType.Float32, ("int64_vocabulary", (long[])[1, 2]));
        two.Node("DictVectorizer", "x", "z", ("int64_vocabulary", (long[])[2, 1]));
        two.Model.Graph.Node[1].Domain = "ai.onnx.ml";
        Assert.Throws<ModelException>(() => two.Import());
    }

    private static ModelBuilder Model(string opType, ElementType value, params (string, object)[] attributes)
    {
        ModelBuilder model = new ModelBuilder(17).Input("x", value, 1).Node(opType, "x", "y", attributes).Output("y");
        model.Model.Graph.Input[0].Type = new TypeProto
        {
            MapType = new TypeProto.Types.Map
            {
                KeyType = (int)ElementType.Int64,
                ValueType = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)value } },
            },
        };
        model.Model.OpsetImport.Clear();
        model.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx.ml", Version = 1 });
        model.Model.Graph.Node[0].Domain = "ai.onnx.ml";
        return model;
    }
}
