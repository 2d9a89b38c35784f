namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>Expands a panel of weights of four bits to s8, in the layout that the tiles of <see cref="Int8Product"/> read.</summary>
internal static class Int4Panel
{
    /// <summary>What codes have more than weights.</summary>
    public const int Offset = 8;

    /// <summary>Expands a panel.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="four">The layer.</param>
    /// <param name="group">The group of channels.</param>
    /// <param name="channel">The panel's first channel.</param>
    /// <param name="vectors">Whether to take vectors, whose types cost a process's first prediction more than they save.</param>
    /// <param name="target">Receives 64 bytes for each quad, 32 for those of a last panel of 8 channels.</param>
    public static void Expand(Workspace w, in Int4Product four, int group, int channel, bool vectors, ref byte target)
    {
        unchecked
        {
            bool isWhole = four.Product.PaddedChannels - channel >= Int4Product.PanelWidth;
            ref byte codes = ref four.Codes(w, group, channel);
            int quads = four.Product.Quads;
            if (four.GroupQuads == 0)
            {
                if (vectors && Vector256.IsHardwareAccelerated)
                    Wide(ref codes, quads, isWhole, ref target);
                else if (vectors)
                    Plain(ref codes, quads, isWhole, ref target);
                else
                    Words(ref codes, quads, isWhole, ref target);
                return;
            }

            ref byte factors = ref four.FactorsOf(w, group, channel);
            for (int tap = 0; tap < quads; tap += four.TapQuads)
            {
                int left = four.TapQuads;
                for (int g = 0; g < four.InputGroups; g++)
                {
                    int count = left < four.GroupQuads ? left : four.GroupQuads;
                    if (vectors)
                        Scaled(ref codes, ref Unsafe.Add(ref factors, g * Int4Product.PanelWidth), count, isWhole, ref target);
                    else
                        ScaledBytes(ref codes, ref Unsafe.Add(ref factors, g * Int4Product.PanelWidth), count, isWhole, ref target);
                    codes = ref Unsafe.Add(ref codes, count * Int4Product.QuadBytes);
                    target = ref Unsafe.Add(ref target, count * (isWhole ? 64 : 32));
                    left -= count;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Wide(ref byte codes, int quads, bool isWhole, ref byte target)
    {
        unchecked
        {
            Vector256<byte> mask = Vector256.Create((byte)15);
            Vector256<byte> offset = Vector256.Create((byte)Offset);
            if (!isWhole)
            {
                for (; quads > 0; quads--)
                {
                    ((Vector256.LoadUnsafe(ref codes) & mask) - offset).StoreUnsafe(ref target);
                    codes = ref Unsafe.Add(ref codes, Int4Product.QuadBytes);
                    target = ref Unsafe.Add(ref target, 32);
                }

                return;
            }

            for (; quads > 0; quads--)
            {
                Vector256<byte> pairs = Vector256.LoadUnsafe(ref codes);
                ((pairs & mask) - offset).StoreUnsafe(ref target);
                (((pairs.AsUInt16() >>> 4).AsByte() & mask) - offset).StoreUnsafe(ref Unsafe.Add(ref target, 32));
                codes = ref Unsafe.Add(ref codes, Int4Product.QuadBytes);
                target = ref Unsafe.Add(ref target, 64);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Plain(ref byte codes, int quads, bool isWhole, ref byte target)
    {
        unchecked
        {
            for (; quads > 0; quads--)
            {
                for (int part = 0; part < Int4Product.QuadBytes; part += 16)
                {
                    Vector128<byte> pairs = Vector128.LoadUnsafe(ref Unsafe.Add(ref codes, part));
                    Vector128<byte> offset = Vector128.Create((byte)Offset);
                    ((pairs & Vector128.Create((byte)15)) - offset).StoreUnsafe(ref Unsafe.Add(ref target, part));
                    if (isWhole)
                        (High(pairs) - offset).StoreUnsafe(ref Unsafe.Add(ref target, part + 32));
                }

                codes = ref Unsafe.Add(ref codes, Int4Product.QuadBytes);
                target = ref Unsafe.Add(ref target, isWhole ? 64 : 32);
            }
        }
    }

    // Both bytes of 16 bits belong to one output and so have one factor; the product of the lower one must not reach the upper one.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scaled(ref byte codes, ref byte factors, int quads, bool isWhole, ref byte target)
    {
        unchecked
        {
            int stride = isWhole ? 64 : 32;
            for (int part = 0; part < Int4Product.QuadBytes; part += 16)
            {
                Vector128<ushort> low = Factors(ref Unsafe.Add(ref factors, part / 4));
                Vector128<ushort> high = Factors(ref Unsafe.Add(ref factors, 8 + (part / 4)));
                Vector128<byte> offset = Vector128.Create((byte)Offset);
                ref byte from = ref Unsafe.Add(ref codes, part);
                ref byte to = ref Unsafe.Add(ref target, part);
                for (int k = quads; k > 0; k--)
                {
                    Vector128<byte> pairs = Vector128.LoadUnsafe(ref from);
                    Times(((pairs & Vector128.Create((byte)15)) - offset).AsUInt16(), low).StoreUnsafe(ref to);
                    if (isWhole)
                        Times((High(pairs) - offset).AsUInt16(), high).StoreUnsafe(ref Unsafe.Add(ref to, 32));
                    from = ref Unsafe.Add(ref from, Int4Product.QuadBytes);
                    to = ref Unsafe.Add(ref to, stride);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> High(Vector128<byte> pairs) => (pairs.AsUInt16() >>> 4).AsByte() & Vector128.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Times(Vector128<ushort> weights, Vector128<ushort> factors) =>
        (((weights * factors) & Vector128.Create((ushort)0xFF)) | ((weights & Vector128.Create((ushort)0xFF00)) * factors)).AsByte();

    // Of four outputs, each twice.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> Factors(ref byte first) => Vector128.Create(
        (ushort)first, first, Unsafe.Add(ref first, 1), Unsafe.Add(ref first, 1), Unsafe.Add(ref first, 2), Unsafe.Add(ref first, 2),
        Unsafe.Add(ref first, 3), Unsafe.Add(ref first, 3));

    // Eight bytes at a time in an integer: codes less 8 are the codes with their top bit turned and spread over the upper half.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Words(ref byte codes, int quads, bool isWhole, ref byte target)
    {
        unchecked
        {
            for (; quads > 0; quads--)
            {
                for (int part = 0; part < Int4Product.QuadBytes; part += 8)
                {
                    ulong pairs = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref codes, part)) ^ 0x8888888888888888;
                    Unsafe.WriteUnaligned(ref Unsafe.Add(ref target, part), Signed(pairs & 0x0F0F0F0F0F0F0F0F));
                    if (isWhole)
                        Unsafe.WriteUnaligned(ref Unsafe.Add(ref target, part + 32), Signed((pairs >> 4) & 0x0F0F0F0F0F0F0F0F));
                }

                codes = ref Unsafe.Add(ref codes, Int4Product.QuadBytes);
                target = ref Unsafe.Add(ref target, isWhole ? 64 : 32);
            }
        }
    }

    private static ulong Signed(ulong nibbles) => unchecked(nibbles | ((nibbles & 0x0808080808080808) * 0x1E));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScaledBytes(ref byte codes, ref byte factors, int quads, bool isWhole, ref byte target)
    {
        unchecked
        {
            int stride = isWhole ? 64 : 32;
            for (; quads > 0; quads--)
            {
                for (int i = 0; i < stride; i++)
                {
                    int pair = Unsafe.Add(ref codes, i & 31);
                    Unsafe.Add(ref target, i) =
                        (byte)(((i < 32 ? pair & 15 : pair >> 4) - Offset) * Unsafe.Add(ref factors, i >> 2));
                }

                codes = ref Unsafe.Add(ref codes, Int4Product.QuadBytes);
                target = ref Unsafe.Add(ref target, stride);
            }
        }
    }
}
