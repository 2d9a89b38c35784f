using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Gradients;

/// <summary>
/// The sums that gradients are made of, each in one order whatever the machine: steps that fuse a multiplication with an addition say so,
/// all others round after each operation.
/// </summary>
internal static class GradientSums
{
    /// <summary>to[i] += x[i].</summary>
    /// <param name="x">What is added.</param>
    /// <param name="to">As many elements or more.</param>
    /// <typeparam name="T">float or double.</typeparam>
    public static void Add<T>(ReadOnlySpan<T> x, Span<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => TensorPrimitives.Add(x, to[..x.Length], to);

    /// <summary>to[i] += x[i] · factor, rounded once.</summary>
    /// <param name="x">What is added.</param>
    /// <param name="factor">Its factor.</param>
    /// <param name="to">As many elements or more.</param>
    /// <typeparam name="T">float or double.</typeparam>
    public static void AddScaled<T>(ReadOnlySpan<T> x, T factor, Span<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => TensorPrimitives.FusedMultiplyAdd(x, factor, to[..x.Length], to);

    /// <summary>to[i] += x[i] · y[i], rounded once.</summary>
    /// <param name="x">The first factors.</param>
    /// <param name="y">As many second factors.</param>
    /// <param name="to">As many elements or more.</param>
    /// <typeparam name="T">float or double.</typeparam>
    public static void AddProducts<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => TensorPrimitives.FusedMultiplyAdd(x, y, to[..x.Length], to);

    /// <summary>to[i] += x[i] where a value is greater than 0.</summary>
    /// <param name="x">What is added.</param>
    /// <param name="values">As many values.</param>
    /// <param name="to">As many elements.</param>
    /// <typeparam name="T">float or double.</typeparam>
    public static void AddWherePositive<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> values, Span<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int i = 0;
        for (; i <= x.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            Vector<T> added = Vector.ConditionalSelect(Vector.GreaterThan(new Vector<T>(values[i..]), Vector<T>.Zero), new(x[i..]),
                Vector<T>.Zero);
            (new Vector<T>(to[i..]) + added).CopyTo(to[i..]);
        }
        for (; i < x.Length; i++)
            to[i] += values[i] > T.Zero ? x[i] : T.Zero;
    }

    /// <summary>Sets elements to zero where a value is not between two bounds.</summary>
    /// <param name="values">The values.</param>
    /// <param name="minimum">The lower bound, which is not between.</param>
    /// <param name="maximum">The upper one, likewise.</param>
    /// <param name="to">As many elements.</param>
    /// <typeparam name="T">float or double.</typeparam>
    public static void KeepBetween<T>(ReadOnlySpan<T> values, T minimum, T maximum, Span<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector<T> lower = new(minimum), upper = new(maximum);
        int i = 0;
        for (; i <= values.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            var y = new Vector<T>(values[i..]);
            Vector<T> between = Vector.GreaterThan(y, lower) & Vector.LessThan(y, upper);
            Vector.ConditionalSelect(between, new(to[i..]), Vector<T>.Zero).CopyTo(to[i..]);
        }
        for (; i < values.Length; i++)
            to[i] = values[i] > minimum && values[i] < maximum ? to[i] : T.Zero;
    }

    /// <summary>
    /// Adds the gradient of a value that was broadcast: places that repeat an element are summed up.
    /// </summary>
    /// <param name="gradient">The gradient in the broadcast shape.</param>
    /// <param name="shape">That shape.</param>
    /// <param name="to">The gradient of the value.</param>
    /// <param name="own">The value's shape.</param>
    /// <typeparam name="T">float or double.</typeparam>
    public static void AddBroadcast<T>(T[] gradient, ReadOnlySpan<int> shape, T[] to, ReadOnlySpan<int> own)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Broadcasting.Walk(own, shape, shape, (i, step, _, _, o, length) =>
        {
            if (step == 0)
                to[i] += LaneSums.Sum<T>(gradient.AsSpan(o, length));
            else
                Add(gradient.AsSpan(o, length), to.AsSpan(i, length));
        });

    /// <summary>
    /// The matrix product C += A·B of matrices with any strides: float32 in the blocked product, double precision in plain loops.
    /// </summary>
    /// <param name="m">Rows of A and C.</param>
    /// <param name="n">Columns of B and C.</param>
    /// <param name="k">Columns of A and rows of B.</param>
    /// <param name="a">A.</param>
    /// <param name="aRow">Distance of A's rows in elements.</param>
    /// <param name="aColumn">Distance of A's columns in elements.</param>
    /// <param name="b">B.</param>
    /// <param name="bRow">Distance of B's rows in elements.</param>
    /// <param name="bColumn">Distance of B's columns in elements.</param>
    /// <param name="c">C, whose columns are adjacent.</param>
    /// <param name="cRow">Distance of C's rows in elements.</param>
    /// <typeparam name="T">float or double.</typeparam>
    public static void AddMatrixProduct<T>(
        int m, int n, int k, ReadOnlySpan<T> a, int aRow, int aColumn, ReadOnlySpan<T> b, int bRow, int bColumn, Span<T> c, int cRow)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(float))
        {
            MatrixProduct.Accumulate(m, n, k, MemoryMarshal.Cast<T, float>(a), aRow, aColumn, MemoryMarshal.Cast<T, float>(b), bRow,
                bColumn, MemoryMarshal.Cast<T, float>(c), cRow);
            return;
        }
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                T sum = c[(i * cRow) + j];
                for (int p = 0; p < k; p++)
                    sum += a[(i * aRow) + (p * aColumn)] * b[(p * bRow) + (j * bColumn)];
                c[(i * cRow) + j] = sum;
            }
        }
    }

    /// <summary>The matrix product C = A·B: what <see cref="AddMatrixProduct"/> adds to zeros.</summary>
    /// <param name="m">Rows of A and C.</param>
    /// <param name="n">Columns of B and C.</param>
    /// <param name="k">Columns of A and rows of B.</param>
    /// <param name="a">A.</param>
    /// <param name="aRow">Distance of A's rows in elements.</param>
    /// <param name="aColumn">Distance of A's columns in elements.</param>
    /// <param name="b">B.</param>
    /// <param name="bRow">Distance of B's rows in elements.</param>
    /// <param name="bColumn">Distance of B's columns in elements.</param>
    /// <param name="c">C, whose columns are adjacent.</param>
    /// <param name="cRow">Distance of C's rows in elements.</param>
    /// <typeparam name="T">float or double.</typeparam>
    public static void SetMatrixProduct<T>(
        int m, int n, int k, ReadOnlySpan<T> a, int aRow, int aColumn, ReadOnlySpan<T> b, int bRow, int bColumn, Span<T> c, int cRow)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(float))
        {
            MatrixProduct.Replace(m, n, k, MemoryMarshal.Cast<T, float>(a), aRow, aColumn, MemoryMarshal.Cast<T, float>(b), bRow,
                bColumn, MemoryMarshal.Cast<T, float>(c), cRow);
            return;
        }
        for (int i = 0; i < m; i++)
            c.Slice(i * cRow, n).Clear();
        AddMatrixProduct(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow);
    }
}
