using Google.Protobuf;
using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Models.Conformance;

/// <summary>Damages a model in a way that its file format allows: what a converter's bug or a careless edit would leave behind.</summary>
internal static class ModelMutation
{
    /// <summary>The kinds of damage.</summary>
    public static IReadOnlyList<Action<ModelProto, Random>> All { get; } =
    [
        ChangeAttribute, ChangeAttribute, RemoveAttribute, Rewire, ChangeOperator, ChangeInputs, ChangeConstantDimensions, ChangeConstant,
        ChangeConstantType, ChangeInputDimension, ChangeInputRank, ChangeInputType, RemoveOrRepeatNode, ChangeOpset, ShowAnotherValue,
    ];

    private static void ChangeAttribute(ModelProto m, Random r)
    {
        if (Pick(m.Graph.Node, r) is not { } node || Pick(node.Attribute, r) is not { } attribute)
            return;
        if (attribute.Ints.Count > 0)
            attribute.Ints[r.Next(attribute.Ints.Count)] = OddInteger(r);
        else if (r.Next(2) == 0)
            attribute.I = OddInteger(r);
        else
            attribute.F = OddReal(r);
    }

    private static void RemoveAttribute(ModelProto m, Random r)
    {
        if (Pick(m.Graph.Node, r) is { Attribute.Count: > 0 } node)
            node.Attribute.RemoveAt(r.Next(node.Attribute.Count));
    }

    private static void Rewire(ModelProto m, Random r)
    {
        if (Pick(m.Graph.Node, r) is { Input.Count: > 0 } node && Pick(m.Graph.Node, r) is { Output.Count: > 0 } other)
            node.Input[r.Next(node.Input.Count)] = other.Output[0];
    }

    private static void ChangeOperator(ModelProto m, Random r)
    {
        if (Pick(m.Graph.Node, r) is { } node && Pick(m.Graph.Node, r) is { } other)
            node.OpType = other.OpType;
    }

    private static void ChangeInputs(ModelProto m, Random r)
    {
        if (Pick(m.Graph.Node, r) is not { Input.Count: > 0 } node)
            return;
        int at = r.Next(node.Input.Count);
        switch (r.Next(3))
        {
            case 0:
                node.Input.RemoveAt(at);
                break;
            case 1:
                node.Input[at] = "";
                break;
            default:
                node.Input.Add(node.Input[at]);
                break;
        }
    }

    private static void ChangeConstantDimensions(ModelProto m, Random r)
    {
        if (Pick(m.Graph.Initializer, r) is not { } constant)
            return;
        if (constant.Dims.Count > 0)
            constant.Dims[r.Next(constant.Dims.Count)] = OddInteger(r);
        else
            constant.Dims.Add(OddInteger(r));
    }

    private static void ChangeConstant(ModelProto m, Random r)
    {
        if (Pick(m.Graph.Initializer, r) is not { } constant)
            return;
        if (constant.FloatData.Count > 0)
        {
            constant.FloatData[r.Next(constant.FloatData.Count)] = OddReal(r);
        }
        else if (constant.Int64Data.Count > 0)
        {
            constant.Int64Data[r.Next(constant.Int64Data.Count)] = OddInteger(r);
        }
        else if (constant.RawData.Length >= sizeof(float))
        {
            byte[] raw = constant.RawData.ToByteArray();
            BitConverter.TryWriteBytes(raw.AsSpan(r.Next(raw.Length / sizeof(float)) * sizeof(float)), OddReal(r));
            constant.RawData = ByteString.CopyFrom(raw);
        }
    }

    private static void ChangeConstantType(ModelProto m, Random r)
    {
        if (Pick(m.Graph.Initializer, r) is { } constant)
            constant.DataType = r.Next(24);
    }

    private static void ChangeInputDimension(ModelProto m, Random r)
    {
        if (Pick(m.Graph.Input, r)?.Type?.TensorType?.Shape is not { Dim.Count: > 0 } shape)
            return;
        TensorShapeProto.Types.Dimension dimension = shape.Dim[r.Next(shape.Dim.Count)];
        if (r.Next(3) == 0)
            dimension.DimParam = "n";
        else
            dimension.DimValue = r.Next(3) == 0 ? OddInteger(r) : r.Next(1, 40);
    }

    private static void ChangeInputRank(ModelProto m, Random r)
    {
        if (Pick(m.Graph.Input, r)?.Type?.TensorType?.Shape is not { } shape)
            return;
        if (shape.Dim.Count > 0 && r.Next(2) == 0)
            shape.Dim.RemoveAt(r.Next(shape.Dim.Count));
        else
            shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = r.Next(1, 9) });
    }

    private static void ChangeInputType(ModelProto m, Random r)
    {
        if (Pick(m.Graph.Input, r)?.Type?.TensorType is { } type)
            type.ElemType = r.Next(20);
    }

    private static void RemoveOrRepeatNode(ModelProto m, Random r)
    {
        if (m.Graph.Node.Count == 0)
            return;
        int at = r.Next(m.Graph.Node.Count);
        if (r.Next(2) == 0)
            m.Graph.Node.RemoveAt(at);
        else
            m.Graph.Node.Add(m.Graph.Node[at].Clone());
    }

    private static void ChangeOpset(ModelProto m, Random r)
    {
        if (m.OpsetImport.Count > 0)
            m.OpsetImport[0].Version = r.Next(30);
    }

    private static void ShowAnotherValue(ModelProto m, Random r)
    {
        if (Pick(m.Graph.Node, r) is { Output.Count: > 0 } node && Pick(m.Graph.Output, r) is { } output)
            output.Name = node.Output[0];
    }

    private static long OddInteger(Random r) => r.Next(9) switch
    {
        0 => 0,
        1 => -1,
        2 => 1,
        3 => long.MaxValue,
        4 => long.MinValue,
        5 => int.MaxValue,
        6 => r.Next(20),
        7 => -r.Next(10),
        _ => r.Next(1, 5000),
    };

    private static float OddReal(Random r) => r.Next(7) switch
    {
        0 => 0,
        1 => float.NaN,
        2 => float.PositiveInfinity,
        3 => -1e30f,
        4 => 1e-40f,
        5 => 1e30f,
        _ => r.NextSingle(),
    };

    private static T? Pick<T>(IList<T> list, Random r)
        where T : class => list.Count == 0 ? null : list[r.Next(list.Count)];
}
