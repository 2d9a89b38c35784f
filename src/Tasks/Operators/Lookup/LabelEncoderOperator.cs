using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Lookup;

/// <summary>
/// Each element looked up among keys, for the value that stands at the same place, or a default (operator LabelEncoder of
/// <c>ai.onnx.ml</c>). Keys and values are strings, integers or reals; a NaN finds the key NaN, and −0 is 0.
/// </summary>
[Operator("LabelEncoder", Domain = MlDomain)]
[Input(0, "X", Elements.Numbers | Elements.String)]
[Output(0, "Y")]
[Parameter("classes_strings", ParameterKind.Strings, Until = 1)]
[Parameter("default_float", ParameterKind.Float, From = 2)]
[Parameter("default_int64", ParameterKind.Int)]
[Parameter("default_string", ParameterKind.String)]
[Parameter("default_tensor", ParameterKind.Tensor, From = 4)]
[Parameter("keys_floats", ParameterKind.Floats, From = 2)]
[Parameter("keys_int64s", ParameterKind.Ints, From = 2)]
[Parameter("keys_strings", ParameterKind.Strings, From = 2)]
[Parameter("keys_tensor", ParameterKind.Tensor, From = 4)]
[Parameter("values_floats", ParameterKind.Floats, From = 2)]
[Parameter("values_int64s", ParameterKind.Ints, From = 2)]
[Parameter("values_strings", ParameterKind.Strings, From = 2)]
[Parameter("values_tensor", ParameterKind.Tensor, From = 4)]
[NotDifferentiable("looks labels up")]
internal sealed class LabelEncoderOperator : Operator
{
    /// <summary>The domain of ONNX's classical machine learning.</summary>
    public const string MlDomain = "ai.onnx.ml";

    /// <summary>The attribute with the keys: a tensor of rank 1.</summary>
    public const string KeysName = "keys_tensor";

    /// <summary>The attribute with the values: a tensor of rank 1.</summary>
    public const string ValuesName = "values_tensor";

    /// <summary>The attribute with the default: a tensor of one element.</summary>
    public const string DefaultName = "default_tensor";

    /// <inheritdoc/>
    public override OperatorArithmetic Arithmetic => OperatorArithmetic.Converts;

    /// <inheritdoc/>
    public override StringUse OnStrings => StringUse.LooksUp;

    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        (Tensor keys, Tensor values, Tensor otherwise) = Table(context);
        if (!IsTaken(keys.Element) || !IsTaken(values.Element))
            throw context.Unsupported($"keys and values that are strings, int16, int32, int64, float or double, not {keys.Element} and "
                + $"{values.Element}");
        if (keys.Count != values.Count || otherwise.Element != values.Element || otherwise.Count != 1)
            throw context.Invalid($"its keys are {keys.Type}, its values {values.Type} and its default {otherwise.Type}");
        TensorType x = context.Type(0);
        if (x.Element != keys.Element)
            throw context.Invalid($"its input is {x}, but its keys are {keys.Type}");
        Sorted(context);
        return [x.As(values.Element)];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        (Tensor keys, Tensor values, Tensor otherwise) = Table(context);
        int[] places = keys.Element switch
        {
            ElementType.String => Places<string>(keys, inputs[0]!),
            ElementType.Int16 => Places<short>(keys, inputs[0]!),
            ElementType.Int32 => Places<int>(keys, inputs[0]!),
            ElementType.Int64 => Places<long>(keys, inputs[0]!),
            ElementType.Float64 => Places<double>(keys, inputs[0]!),
            _ => Places<float>(keys, inputs[0]!),
        };
        Tensor result = Tensor.Zeros(context.OutputTypes[0]);
        for (int i = 0; i < places.Length; i++)
            Array.Copy(places[i] < 0 ? otherwise.Data : values.Data, Math.Max(places[i], 0), result.Data, i, 1);
        return [result];
    }

    /// <summary>The keys in ascending order, as <see cref="IComparable{T}"/> has it, and before the values in the same order the
    /// default.</summary>
    /// <exception cref="Diagnostics.ModelException">A key occurs twice, with different values.</exception>
    public static (Tensor Keys, Tensor Values) Sorted(OperatorContext context)
    {
        (Tensor keys, Tensor values, Tensor otherwise) = Table(context);
        int[] order = keys.Element switch
        {
            ElementType.String => Order(context, keys.Values<string>(), values, StringComparer.Ordinal),
            ElementType.Int16 => Order(context, keys.Values<short>(), values, Comparer<short>.Default),
            ElementType.Int32 => Order(context, keys.Values<int>(), values, Comparer<int>.Default),
            ElementType.Int64 => Order(context, keys.Values<long>(), values, Comparer<long>.Default),
            ElementType.Float64 => Order(context, keys.Values<double>(), values, Comparer<double>.Default),
            _ => Order(context, keys.Values<float>(), values, Comparer<float>.Default),
        };
        Tensor sorted = Tensor.Zeros(TensorType.Of(keys.Element, order.Length));
        Tensor table = Tensor.Zeros(TensorType.Of(values.Element, order.Length + 1));
        Array.Copy(otherwise.Data, table.Data, 1);
        for (int i = 0; i < order.Length; i++)
        {
            Array.Copy(keys.Data, order[i], sorted.Data, i, 1);
            Array.Copy(values.Data, order[i], table.Data, i + 1, 1);
        }
        return (sorted, table);
    }

    /// <summary>Sets the three tensors.</summary>
    public static Node With(Node node, Tensor keys, Tensor values, Tensor otherwise) => node
        .With(KeysName, new AttributeValue.TensorValue(keys))
        .With(ValuesName, new AttributeValue.TensorValue(values))
        .With(DefaultName, new AttributeValue.TensorValue(otherwise));

    private static bool IsTaken(ElementType element) => element is ElementType.String or ElementType.Int16 or ElementType.Int32
        or ElementType.Int64 or ElementType.Float32 or ElementType.Float64;

    private static (Tensor Keys, Tensor Values, Tensor Default) Table(OperatorContext context) => (
        context.Node.TensorOf(KeysName) ?? throw context.Invalid("it has no keys"),
        context.Node.TensorOf(ValuesName) ?? throw context.Invalid("it has no values"),
        context.Node.TensorOf(DefaultName) ?? throw context.Invalid("it has no default"));

    private static int[] Places<T>(Tensor keys, Tensor input)
        where T : notnull
    {
        var places = new Dictionary<T, int>();
        T[] known = keys.Values<T>();
        for (int i = 0; i < known.Length; i++)
            places.TryAdd(known[i], i);
        return [.. input.Values<T>().Select(x => places.GetValueOrDefault(x, -1))];
    }

    // Runtimes differ in which of two equal keys counts.
    private static int[] Order<T>(OperatorContext context, T[] keys, Tensor values, IComparer<T> comparer)
    {
        int[] order = [.. Enumerable.Range(0, keys.Length).OrderBy(i => keys[i], comparer)];
        var kept = new List<int>();
        foreach (int i in order)
        {
            if (kept.Count == 0 || comparer.Compare(keys[kept[^1]], keys[i]) != 0)
                kept.Add(i);
            else if (!Equals(values.Data.GetValue(kept[^1]), values.Data.GetValue(i)))
                throw context.Invalid($"its key {keys[i]} stands for two values");
        }
        return [.. kept];
    }
}
