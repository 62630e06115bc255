/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What makes foreach and [] work on a batch. */
namespace Aiot {
	[Compact]
	public class Batch {
		[CCode (cname = "aiot_batch_get_item")]
		public unowned GLib.Value? @get (uint index);
		public uint size { [CCode (cname = "aiot_batch_get_length")] get; }
	}
}
