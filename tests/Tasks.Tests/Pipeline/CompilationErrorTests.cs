using Google.Protobuf;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Harness;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline;

/// <summary>Models that are valid but that no predictor can be made of.</summary>
public sealed class CompilationErrorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AFormWithoutKernelIsNamed()
    {
        Diagnostic diagnostic = Fail("Gemm", 6, [2, 3], [3, 2]);

        Assert.Equal("OPT0029", diagnostic.Descriptor.Code);
        Assert.Contains("node 'the node' (Gemm)", diagnostic.Text);
        Assert.Contains("Int32", diagnostic.Text);
    }

    [Fact]
    public void MemoryBeyondTwoGigabytesIsNoPlan()
    {
        Diagnostic diagnostic = Fail("Add", 1, [18000, 1], [1, 18000], outputs: 2);

        Assert.Equal("OPT0030", diagnostic.Descriptor.Code);
        Assert.Contains("2592", diagnostic.Text);
    }

    private Diagnostic Fail(string operation, int elementType, int[] a, int[] b, int outputs = 1)
    {
        var model = new ModelProto { IrVersion = 8, Graph = new GraphProto { Name = "g" } };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        for (int i = 0; i < outputs; i++)
        {
            var node = new NodeProto { Name = i == 0 ? "the node" : "", OpType = i == 0 ? operation : "Sub" };
            node.Input.Add(["a", "b"]);
            node.Output.Add("y" + i);
            model.Graph.Node.Add(node);
            model.Graph.Output.Add(Value("y" + i, elementType));
        }
        model.Graph.Input.Add([Value("a", elementType, a), Value("b", elementType, b)]);
        File.WriteAllBytes(_folder["m.onnx"], model.ToByteArray());
        var options = new ModelOptions { ModelPath = _folder["m.onnx"], Name = "m", ClassName = "M", Precision = ModelPrecision.Float32 };
        return Assert.Throws<ModelException>(() => ModelCompiler.Compile(options, default)).Diagnostic;
    }

    private static ValueInfoProto Value(string name, int elementType, params int[] shape)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = elementType };
        if (shape.Length > 0)
        {
            tensor.Shape = new TensorShapeProto();
            tensor.Shape.Dim.AddRange(shape.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        }
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
