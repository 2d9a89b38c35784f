using Google.Protobuf;
using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Fuzz.Onnx;

/// <summary>Damages a model in a way that its file format allows: what a converter's bug or a careless edit would leave behind.</summary>
internal static class ModelMutation
{
    private static readonly string[] OperatorNames = [.. Operators.OperatorRegistry.All.Select(o => o.OpType)];

    /// <summary>The kinds of damage.</summary>
    public static IReadOnlyList<Action<ModelProto, Random>> All { get; } =
    [
        ChangeAttribute, ChangeAttribute, RemoveAttribute, Rewire, ChangeOperator, ChangeInputs, ChangeConstantDimensions, ChangeConstant,
        ChangeConstantType, ChangeInputDimension, ChangeInputRank, ChangeInputType, RemoveOrRepeatNode, ChangeOpset, ShowAnotherValue,
        AddOutput, UseAnyOperator, InsertNode, ChangeManyConstants,
    ];

    /// <summary>Puts some of another model's nodes and constants into a model.</summary>
    public static void Join(ModelProto m, ModelProto other, Random r)
    {
        foreach (TensorProto constant in other.Graph.Initializer.Where(c => m.Graph.Initializer.All(own => own.Name != c.Name)))
            m.Graph.Initializer.Add(constant);
        if (Pick(other.Graph.Node, r) is not { } node)
            return;
        NodeProto joined = node.Clone();
        for (int i = 0; i < joined.Input.Count; i++)
            if (joined.Input[i].Length > 0 && m.Graph.Initializer.All(c => c.Name != joined.Input[i]) && ValueOf(m, r) is { } value)
                joined.Input[i] = value;
        Insert(m, joined, r);
    }

    private static void AddOutput(ModelProto m, Random r)
    {
        if (ValueOf(m, r) is { } value)
            m.Graph.Output.Add(new ValueInfoProto { Name = value });
    }

    private static void UseAnyOperator(ModelProto m, Random r)
    {
        if (Pick(m.Graph.Node, r) is { } node)
            node.OpType = OperatorNames[r.Next(OperatorNames.Length)];
    }

    private static void InsertNode(ModelProto m, Random r)
    {
        var node = new NodeProto { OpType = OperatorNames[r.Next(OperatorNames.Length)] };
        for (int inputs = r.Next(1, 4); inputs > 0 && ValueOf(m, r) is { } value; inputs--)
            node.Input.Add(value);
        node.Output.Add("old");
        Insert(m, node, r);
    }

    // A node behind another one: who read the other one's value reads the new one's.
    private static void Insert(ModelProto m, NodeProto node, Random r)
    {
        string name = "new" + r.Next(1000);
        for (int i = 0; i < node.Output.Count; i++)
            node.Output[i] = name + "_" + i;
        if (node.Output.Count == 0 || Pick(m.Graph.Node, r) is not { Output.Count: > 0 } before)
            return;
        string replaced = before.Output[0];
        foreach (NodeProto reader in m.Graph.Node)
            for (int i = 0; i < reader.Input.Count; i++)
                if (reader.Input[i] == replaced)
                    reader.Input[i] = node.Output[0];
        foreach (ValueInfoProto output in m.Graph.Output.Where(o => o.Name == replaced))
            output.Name = node.Output[0];
        if (node.Input.Count > 0)
            node.Input[0] = replaced;
        m.Graph.Node.Add(node);
    }

    private static void ChangeManyConstants(ModelProto m, Random r)
    {
        if (Pick(m.Graph.Initializer, r) is not { DataType: (int)Graphs.ElementType.Float32, RawData.Length: > 0 } constant)
            return;
        byte[] raw = constant.RawData.ToByteArray();
        float factor = MathF.Pow(10, r.Next(-8, 9)), offset = r.Next(3) - 1;
        for (int at = 0; at + sizeof(float) <= raw.Length; at += sizeof(float))
            BitConverter.TryWriteBytes(raw.AsSpan(at), (BitConverter.ToSingle(raw, at) * factor) + offset);
        constant.RawData = ByteString.CopyFrom(raw);
    }

    private static string? ValueOf(ModelProto m, Random r)
    {
        string[] values = [.. m.Graph.Node.SelectMany(n => n.Output).Concat(m.Graph.Input.Select(i => i.Name))
            .Concat(m.Graph.Initializer.Select(i => i.Name)).Where(v => v.Length > 0)];
        return values.Length == 0 ? null : values[r.Next(values.Length)];
    }

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
