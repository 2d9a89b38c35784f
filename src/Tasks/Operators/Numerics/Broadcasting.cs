using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Numerics;

/// <summary>Walks through two tensors that are broadcast against each other (ONNX "Multidirectional Broadcasting"), run by run.</summary>
internal static class Broadcasting
{
    /// <summary>One run of the result.</summary>
    /// <param name="a">Index of the run's first element in the first tensor.</param>
    /// <param name="aStep">1 or 0: whether the first tensor advances within the run.</param>
    /// <param name="b">Index of the run's first element in the second tensor.</param>
    /// <param name="bStep">1 or 0: whether the second tensor advances within the run.</param>
    /// <param name="y">Index of the run's first element in the result.</param>
    /// <param name="length">The run's length.</param>
    public delegate void Run(int a, int aStep, int b, int bStep, int y, int length);

    /// <summary>The element-wise result's shape.</summary>
    /// <exception cref="ModelException">The shapes do not broadcast.</exception>
    public static int[] Shape(OperatorContext context, TensorType a, TensorType b) =>
        Shapes.Broadcast(a.Dimensions.AsSpan(), b.Dimensions.AsSpan())
        ?? throw context.Invalid($"{a} and {b} do not broadcast against each other");

    /// <summary>Calls <paramref name="run"/> for every run of the result, in order.</summary>
    public static void Walk(ReadOnlySpan<int> a, ReadOnlySpan<int> b, ReadOnlySpan<int> result, Run run)
    {
        if (result.Contains(0))
            return;
        int[] aStrides = Shapes.BroadcastStrides(a, result);
        int[] bStrides = Shapes.BroadcastStrides(b, result);
        var d = new List<int>(result.Length);
        var s = new List<int>(result.Length);
        var t = new List<int>(result.Length);
        for (int i = 0; i < result.Length; i++)
        {
            if (result[i] == 1)
                continue;
            if (d.Count > 0 && s[^1] == aStrides[i] * result[i] && t[^1] == bStrides[i] * result[i])
            {
                d[^1] *= result[i];
                s[^1] = aStrides[i];
                t[^1] = bStrides[i];
            }
            else
            {
                d.Add(result[i]);
                s.Add(aStrides[i]);
                t.Add(bStrides[i]);
            }
        }
        if (d.Count == 0)
        {
            run(0, 1, 0, 1, 0, 1);
            return;
        }
        Level(0, 0, 0, 0);

        // Gives back the index behind the last element of the result it has reported.
        int Level(int axis, int x, int z, int y)
        {
            if (axis == d.Count - 1)
            {
                run(x, s[axis], z, t[axis], y, d[axis]);
                return y + d[axis];
            }
            for (int i = 0; i < d[axis]; i++)
                y = Level(axis + 1, x + (i * s[axis]), z + (i * t[axis]), y);
            return y;
        }
    }
}
