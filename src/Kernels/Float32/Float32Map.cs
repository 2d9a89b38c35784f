namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>Applies a function of one float32 value to adjacent elements, in the widest vectors, the rest one by one.</summary>
internal static class Float32Map
{
    /// <summary>Applies a function to all elements; input and output may be the same place.</summary>
    public static void Run<TFunction>(Workspace w, int input, int output, int count, float a, float b)
        where TFunction : struct, IFloat32Function
    {
        ref float from = ref Unsafe.As<byte, float>(ref w.Operand(input));
        ref float to = ref Unsafe.As<byte, float>(ref w.Arena(output));
        Apply<TFunction>(w.IsStarting, ref from, ref to, count, a, b);
    }

    /// <summary>Applies a function to all elements; input and output may be the same place.</summary>
    /// <param name="small">Whether in the small code of the start-up path.</param>
    /// <param name="from">The first element.</param>
    /// <param name="to">The first result.</param>
    /// <param name="count">How many.</param>
    /// <param name="a">The function's first constant.</param>
    /// <param name="b">Its second one.</param>
    public static void Apply<TFunction>(bool small, ref float from, ref float to, int count, float a, float b)
        where TFunction : struct, IFloat32Function
    {
        if (small)
            Map<TFunction, float, Float32Lanes1>(ref from, ref to, count, a, b);
        else
            OnPath<TFunction>(ref from, ref to, count, a, b);
    }

    /// <summary>
    /// Applies a function that is computed in double precision to all elements; input and output may be the same place. Its vectors of
    /// double precision are the widest ones, and have half as many lanes.
    /// </summary>
    public static void RunWidened<TFunction>(Workspace w, int input, int output, int count)
        where TFunction : struct, IFloat64Function
    {
        ref float from = ref Unsafe.As<byte, float>(ref w.Operand(input));
        ref float to = ref Unsafe.As<byte, float>(ref w.Arena(output));
        if (w.IsStarting)
            Map<WidenedFunction<TFunction>, float, Float32Lanes1>(ref from, ref to, count, 0f, 0f);
        else
            WidenedOnPath<TFunction>(ref from, ref to, count);
    }

    private static void WidenedOnPath<TFunction>(ref float from, ref float to, int count)
        where TFunction : struct, IFloat64Function
    {
        if (Float32Path.Is512)
            Map<WidenedFunction<TFunction>, Vector256<float>, Float32Lanes256>(ref from, ref to, count, 0f, 0f);
        else if (Float32Path.Is256 || Float32Path.Is128)
            Map<WidenedFunction<TFunction>, Vector128<float>, Float32Lanes128>(ref from, ref to, count, 0f, 0f);
        else
            Map<WidenedFunction<TFunction>, float, Float32Lanes1>(ref from, ref to, count, 0f, 0f);
    }

    private static void OnPath<TFunction>(ref float from, ref float to, int count, float a, float b)
        where TFunction : struct, IFloat32Function
    {
        if (Float32Path.Is512)
            Map<TFunction, Vector512<float>, Float32Lanes512>(ref from, ref to, count, a, b);
        else if (Float32Path.Is256)
            Map<TFunction, Vector256<float>, Float32Lanes256>(ref from, ref to, count, a, b);
        else if (Float32Path.Is128)
            Map<TFunction, Vector128<float>, Float32Lanes128>(ref from, ref to, count, a, b);
        else
            Map<TFunction, float, Float32Lanes1>(ref from, ref to, count, a, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Map<TFunction, TVector, TLanes>(ref float from, ref float to, int count, float a, float b)
        where TFunction : struct, IFloat32Function
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector va = TLanes.Broadcast(a);
        TVector vb = TLanes.Broadcast(b);
        nint i = 0;
        for (; i <= count - TLanes.Count; i += TLanes.Count)
            TLanes.Store(TFunction.Apply<TVector, TLanes>(TLanes.Load(ref Unsafe.Add(ref from, i)), va, vb), ref Unsafe.Add(ref to, i));
        for (; i < count; i++)
            Unsafe.Add(ref to, i) = TFunction.Apply<float, Float32Lanes1>(Unsafe.Add(ref from, i), a, b);
    }
}
